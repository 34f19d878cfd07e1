package tarball

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// entry is a tar member as it lies in the file (POSIX pax, "ustar Interchange Format"), whatever a writer would refuse.
func entry(typeflag byte, name, link, content string) string {
	return rawEntry(typeflag, name, link, fmt.Sprintf("%011o", len(content)), content)
}

func rawEntry(typeflag byte, name, link, size, content string) string {
	b := make([]byte, 512)
	copy(b, name)
	copy(b[100:], "0000644\x000000000\x000000000\x00"+size+"\x0000000000000\x00        ")
	b[156] = typeflag
	copy(b[157:257], link)
	copy(b[257:], "ustar\x0000")
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
	return string(b) + content + strings.Repeat("\x00", -len(content)&511)
}

// pax is an entry with a record of extended attributes before it.
func pax(record, rest string) string { return entry('x', "PaxHeader", "", record) + rest }

var end = strings.Repeat("\x00", 1024)

func TestHostileTars(t *testing.T) {
	file := entry('0', "./a.dll", "", "MZ")
	for name, c := range map[string]struct{ tar, want string }{
		"parent":                 {entry('0', "./../a", "", ""), "./../a: leads out of the tree"},
		"parent inside":          {entry('0', "a/b/../c", "", ""), "a/b/../c: leads out of the tree"},
		"parent folder":          {entry('5', "../d/", "", ""), "../d/: leads out"},
		"absolute":               {entry('0', "/etc/passwd", "", "x"), "/etc/passwd: is an absolute path"},
		"drive":                  {entry('0', "C:/x", "", "x"), "C:/x: is an absolute path"},
		"backslash":              {entry('0', `..\x`, "", "x"), `..\x: has a character`},
		"not UTF-8":              {entry('0', "a\xff", "", "x"), `"a\xff": has a character`},
		"escape sequence":        {entry('0', "a\x1b[2J", "", "x"), `"a\x1b[2J": has a character`},
		"link to escape":         {entry('2', "a", "b\nc", "x"), `a: is a link with a target`},
		"no name":                {entry('0', "", "", "x"), "has no name"},
		"the root as file":       {entry('0', ".", "", "x"), ".: is not a path inside"},
		"twice":                  {file + entry('0', "a.dll", "", "other"), "a.dll: occurs twice"},
		"file and folder":        {file + entry('0', "a.dll/b", "", "x"), "a.dll: is a file and a folder"},
		"folder and file":        {entry('5', "a.dll/", "", "") + file, "a.dll: is a file and a folder"},
		"link up":                {entry('2', "d/l", "../../x", ""), "d/l: is a link that leads out"},
		"link absolute":          {entry('2', "l", "/etc", ""), "l: is a link to the absolute path /etc"},
		"link through a link":    {entry('2', "a/d", ".", "") + entry('2', "a/x", "d/../../y", ""), "a/x: is a link that leads out"},
		"file through a link":    {entry('2', "d", "e", "") + entry('0', "d/x", "", "x"), "d: is a file and a folder"},
		"link twice":             {entry('2', "l", "a", "") + entry('2', "l", "b", ""), "l: occurs twice"},
		"hard link up":           {entry('1', "h", "../x", ""), "h: is a hard link that leads out"},
		"hard link absolute":     {entry('1', "h", "/etc/passwd", ""), "h: is a hard link that leads out"},
		"hard link to nothing":   {entry('1', "h", "x", ""), "h: is a hard link to \"x\", which is no earlier file"},
		"hard link to a link":    {entry('2', "s", "a", "") + entry('1', "h", "s", ""), "h: is a hard link to \"s\", which"},
		"character device":       {entry('3', "null", "", ""), "null: is neither a file"},
		"block device":           {entry('4', "sda", "", ""), "sda: is neither a file"},
		"pipe":                   {entry('6', "fifo", "", ""), "fifo: is neither a file"},
		"unknown type":           {entry('Q', "q", "", ""), "q: is neither a file"},
		"sparse, PAX":            {pax("22 GNU.sparse.major=1\n", pax("22 GNU.sparse.minor=0\n", file)), "is stored as a sparse"},
		"path by PAX":            {pax("13 path=../b\n", file), "../b: leads out"},
		"size beyond limit":      {rawEntry('0', "big", "", "77777777777", ""), "big: has 8589934591 bytes; 1073741824 is the limit"},
		"size of 63 bits":        {rawEntry('0', "big", "", "\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff", ""), "big: has "},
		"negative size":          {rawEntry('0', "neg", "", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", ""), "is damaged or cut short"},
		"size beyond the file":   {rawEntry('0', "cut", "", "00000010000", "x"), "is damaged or cut short"},
		"name of 5000 bytes":     {pax("5010 path="+strings.Repeat("n", 4999)+"\n", file), "has a name of 4999 bytes"},
		"wrong checksum":         {file + strings.Replace(entry('0', "b", "", ""), "ustar", "rats!", 1), "is damaged or cut short"},
		"garbage after a member": {file + strings.Repeat("garbage!", 64), "is damaged or cut short"},
	} {
		_, err := openBytes(t, []byte(c.tar+end), Limits{})
		checkHostile(t, name, err, c.want)
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		z.Write([]byte(c.tar + end))
		z.Close()
		_, err = openBytes(t, packed.Bytes(), Limits{})
		checkHostile(t, name+", gzip", err, c.want)
	}
}

// checkHostile wants one line that names the archive first and says what is expected.
func checkHostile(t *testing.T, name string, err error, want string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: accepted", name)
		return
	}
	archive, said, _ := strings.Cut(err.Error(), ": ")
	if filepath.Base(archive) != "archive" || !strings.Contains(said, want) || strings.Contains(said, "\n") {
		t.Errorf("%s: %q, want %q", name, err, want)
	}
}

func TestHarmlessTars(t *testing.T) {
	for name, c := range map[string]struct{ tar, want string }{
		"folders twice":    {entry('5', "./", "", "") + entry('5', "d/", "", "") + entry('5', "d/", "", "") + entry('0', "d/a", "", "1"), "d/a 644 1 31\n"},
		"old type":         {entry(0, "a", "", "1"), "a 644 1 31\n"},
		"hard link":        {entry('0', "a", "", "1") + entry('1', "b", "./a", ""), "a 644 1 31\nb 644 1 31\n"},
		"global header":    {entry('g', "pax_global_header", "", "22 comment=0123456789\n") + entry('0', "a", "", "1"), "a 644 1 31\n"},
		"link up a folder": {entry('2', "d/l", "../a", ""), "d/l -> ../a\n"},
		"one zero block":   {entry('0', "a", "", "1") + end[:512], "a 644 1 31\n"},
	} {
		content := c.tar
		if name != "one zero block" {
			content += end
		}
		a, err := openBytes(t, []byte(content), Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := listing(t, a.FS); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestLimits(t *testing.T) {
	three := entry('0', "a", "", "1234") + entry('0', "b", "", "1234") + entry('0', "d/c", "", "1234") + end
	for _, c := range []struct {
		limits Limits
		want   string
	}{
		{Limits{Files: 4, File: 4, Total: 12}, ""},
		{Limits{Files: 3}, "d/c: is one more than the 3 files"},
		{Limits{File: 3}, "a: has 4 bytes; 3 is the limit"},
		{Limits{Total: 11}, "d/c: takes what the archive unpacks to beyond"},
	} {
		_, err := openBytes(t, []byte(three), c.limits)
		if c.want == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		checkHostile(t, c.want, err, c.want)
	}
	packed := write(t, tiny(t), TarGz, Options{})
	_, err := openBytes(t, packed, Limits{Total: 2000})
	checkHostile(t, "spool", err, "unpacks to more than 2000 bytes")
}

// One deep name after another would make millions of folders.
func TestManyFoldersAreCounted(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		b.WriteString(entry('0', fmt.Sprintf("%d/", i)+strings.Repeat("d/", 40)+"f", "", ""))
	}
	_, err := openBytes(t, []byte(b.String()+end), Limits{Files: 1000})
	checkHostile(t, "folders", err, "is one more than the 1000 files")
}

// zeros is a bomb of so many MiB for each compressor.
func zeros(t *testing.T, mib int) map[string][]byte {
	t.Helper()
	var gz, zst, x bytes.Buffer
	z, _ := zstd.NewWriter(&zst)
	xw, err := xz.NewWriter(&x)
	if err != nil {
		t.Fatal(err)
	}
	g := gzip.NewWriter(&gz)
	piece := make([]byte, 1<<20)
	for _, w := range []interface {
		Write([]byte) (int, error)
		Close() error
	}{g, z, xw} {
		w.Write([]byte(rawEntry('0', "bomb", "", fmt.Sprintf("%011o", mib<<20), "")))
		for range mib {
			w.Write(piece)
		}
		w.Write([]byte(end))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return map[string][]byte{"gzip": gz.Bytes(), "zstd": zst.Bytes(), "xz": x.Bytes()}
}

func TestBombs(t *testing.T) {
	for name, data := range zeros(t, 65) {
		_, err := openBytes(t, data, Limits{})
		checkHostile(t, name, err, fmt.Sprintf("unpacks to more than %d bytes", max(ratioFloor, 100*len(data))))
		if _, err := openBytes(t, data, Limits{Ratio: 1 << 20}); err != nil {
			t.Errorf("%s with a ratio that allows it: %v", name, err)
		}
	}
}

// zipEntry is a member of a zip as it lies in the file (APPNOTE.TXT, sections 4.3.7 and 4.3.12).
type zipEntry struct {
	name     string
	mode     fs.FileMode
	content  string
	size     uint32 // declared; 0 is the true one
	crc      uint32 // declared; 0 is the true one
	method   uint16
	flags    uint16
	expanded string // what content is when method is deflate
}

func rawZip(entries ...zipEntry) []byte {
	var out, directory []byte
	le16, le32 := binary.LittleEndian.AppendUint16, binary.LittleEndian.AppendUint32
	for _, e := range entries {
		plain := e.content
		if e.method == zip.Deflate {
			plain = e.expanded
		}
		size, crc := e.size, e.crc
		if size == 0 {
			size = uint32(len(plain))
		}
		if crc == 0 {
			crc = crc32.ChecksumIEEE([]byte(plain))
		}
		common := le16(le16(le16(nil, 20), e.flags), e.method)
		common = le32(common, 0x00210000) // 1980-01-01
		common = le32(le32(le32(common, crc), uint32(len(e.content))), size)
		common = le16(le16(common, uint16(len(e.name))), 0)
		offset := len(out)
		out = append(append(append(append(out, "PK\x03\x04"...), common...), e.name...), e.content...)
		h := &zip.FileHeader{}
		h.SetMode(e.mode | 0o644)
		directory = append(le16(append(directory, "PK\x01\x02"...), 3<<8|20), common...)
		directory = le16(le16(le16(directory, 0), 0), 0)
		directory = le32(le32(directory, h.ExternalAttrs), uint32(offset))
		directory = append(directory, e.name...)
	}
	n := uint16(len(entries))
	tail := le16(le16([]byte("PK\x05\x06\x00\x00\x00\x00"), n), n)
	tail = le16(le32(le32(tail, uint32(len(directory))), uint32(len(out))), 0)
	return append(append(out, directory...), tail...)
}

func TestHostileZips(t *testing.T) {
	for name, c := range map[string]struct {
		zip  []byte
		want string
	}{
		"parent":          {rawZip(zipEntry{name: "../a"}), "../a: leads out of the tree"},
		"absolute":        {rawZip(zipEntry{name: "/a"}), "/a: is an absolute path"},
		"backslash":       {rawZip(zipEntry{name: `a\b`}), `a\b: has a character`},
		"parent folder":   {rawZip(zipEntry{name: "../"}), "../: leads out"},
		"twice":           {rawZip(zipEntry{name: "a"}, zipEntry{name: "./a"}), "a: occurs twice"},
		"encrypted":       {rawZip(zipEntry{name: "a", flags: 1}), "a: is encrypted"},
		"method":          {rawZip(zipEntry{name: "a", method: 14}), "a: is compressed with method 14"},
		"device":          {rawZip(zipEntry{name: "a", mode: fs.ModeDevice}), "a: is neither a file"},
		"link":            {rawZip(zipEntry{name: "a", mode: fs.ModeSymlink, content: "../b"}), "a: is a link that leads out"},
		"long link":       {rawZip(zipEntry{name: "a", mode: fs.ModeSymlink, content: strings.Repeat("b", 5000)}), "a: is a link with a target"},
		"size":            {rawZip(zipEntry{name: "a", size: 1 << 31}), "a: has 2147483648 bytes; 1073741824 is the limit"},
		"many large ones": {rawZip(zipEntry{name: "a", size: 40 << 20}, zipEntry{name: "b", size: 40 << 20}), "b: takes what the archive unpacks to beyond"},
		"cut":             {rawZip(zipEntry{name: "a", content: "content"})[:60], "is damaged or cut short"},
		"only an end":     {append([]byte("PK\x03\x04"), rawZip(zipEntry{name: "a"})[40:]...), "is damaged or cut short"},
	} {
		_, err := openBytes(t, c.zip, Limits{})
		checkHostile(t, name, err, c.want)
	}
	_, err := openBytes(t, rawZip(zipEntry{name: "a"}, zipEntry{name: "b"}, zipEntry{name: "c"}), Limits{Files: 2})
	checkHostile(t, "files", err, "c: is one more than the 2 files")
}

func TestHugeZipDirectory(t *testing.T) {
	entries := make([]zipEntry, 3000)
	for i := range entries {
		entries[i].name = fmt.Sprintf("%0500d", i)
	}
	_, err := openBytes(t, rawZip(entries...), Limits{Files: 2})
	checkHostile(t, "directory", err, "has a directory too large for 2 files")
}

// What a zip declares of a member and what the member is shows when it is read.
func TestZipMembersThatLie(t *testing.T) {
	deflated := "\x4b\x4c\x4a\x06\x00" // "abc" with the fixed codes
	for name, c := range map[string]struct {
		entry zipEntry
		good  bool
	}{
		"honest":         {zipEntry{content: deflated, method: zip.Deflate, expanded: "abc"}, true},
		"longer":         {zipEntry{content: deflated, method: zip.Deflate, expanded: "abc", size: 2}, false},
		"shorter":        {zipEntry{content: deflated, method: zip.Deflate, expanded: "abc", size: 4}, false},
		"wrong checksum": {zipEntry{content: deflated, method: zip.Deflate, expanded: "abc", crc: 1}, false},
		"garbage":        {zipEntry{content: "\xff\xff\xff", method: zip.Deflate, expanded: "abc"}, false},
		"stored, longer": {zipEntry{content: "abc", size: 2}, false},
	} {
		c.entry.name = "m.dll"
		a, err := openBytes(t, rawZip(c.entry), Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		data, err := fs.ReadFile(a.FS, "m.dll")
		if c.good && (err != nil || string(data) != "abc") {
			t.Errorf("%s: %q, %v", name, data, err)
		}
		if !c.good && (err == nil || !strings.Contains(err.Error(), "m.dll: is damaged")) {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}

// Cut anywhere, an archive is one clear error, at opening or, for the content of a zip, at reading.
func TestTruncated(t *testing.T) {
	for _, format := range []Format{Tar, TarGz, TarZst, Zip} {
		whole := write(t, tiny(t), format, Options{})
		step, last := 1, len(whole)-1
		if format == Tar {
			step, last = 113, len(whole)-1024 // from here on only the end is missing
		}
		for n := 0; n < last; n += step {
			if _, err := openBytes(t, whole[:n], Limits{}); err == nil {
				t.Errorf("%s: %d of %d bytes are enough", format, n, len(whole))
			} else if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "archive: ") {
				t.Errorf("%s: %q", format, err)
			}
		}
	}
}

func TestFlippedBytes(t *testing.T) {
	want := listing(t, tiny(t))
	for _, format := range []Format{TarGz, TarZst} {
		whole := write(t, tiny(t), format, Options{})
		for i := range whole {
			bad := bytes.Clone(whole)
			bad[i] ^= 0x40
			if a, err := openBytes(t, bad, Limits{}); err == nil && listing(t, a.FS) != want {
				t.Errorf("%s: byte %d changes the tree unnoticed", format, i)
			}
		}
	}
}

func TestWhatIsNoArchive(t *testing.T) {
	var text bytes.Buffer
	g := gzip.NewWriter(&text)
	g.Write([]byte("hello"))
	g.Close()
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":       {nil, "is neither a tar"},
		"text":        {[]byte("#!/bin/sh\n"), "is neither a tar"},
		"zeros":       {make([]byte, 10240), "is neither a tar"},
		"gzip header": {[]byte("\x1f\x8b\x08"), "is damaged or cut short"},
		"text, gzip":  {text.Bytes(), "what is in it is no tar"},
	} {
		_, err := openBytes(t, c.data, Limits{})
		checkHostile(t, name, err, c.want)
	}
	if _, err := Open(context.Background(), t.TempDir(), Limits{}); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Error(err)
	}
	missing := filepath.Join(t.TempDir(), "missing.tar")
	if _, err := Open(context.Background(), missing, Limits{}); err == nil || err.Error() != missing+": cannot be opened: no such file or directory" {
		t.Error(err)
	}
}

// Headers that ask for more memory than anyone needs are refused before it is taken.
func TestGreedyDictionaries(t *testing.T) {
	var x bytes.Buffer
	w, err := xz.WriterConfig{DictCap: 1 << 16}.NewWriter(&x)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(entry('0', "a", "", "1") + end))
	w.Close()
	greedy := bytes.Clone(x.Bytes())
	at := bytes.Index(greedy, []byte{0x21, 1, 8})
	if at < 0 {
		t.Fatalf("no filter of LZMA2 in % x", greedy[:32])
	}
	greedy[at+2] = 40 // 4 GiB
	block := greedy[12:24]
	binary.LittleEndian.PutUint32(block[8:], crc32.ChecksumIEEE(block[:8]))
	// A frame of 512 MiB - 1 KiB, without content size.
	frame := []byte("\x28\xb5\x2f\xfd\x00\x98\x01\x00\x00")
	for name, c := range map[string]struct {
		data []byte
		want string
	}{"xz": {greedy, "needs a dictionary of more than 64 MiB"}, "zstd": {frame, "is damaged or cut short: window size exceeded"}} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := openBytes(t, c.data, Limits{})
		runtime.ReadMemStats(&after)
		checkHostile(t, name, err, c.want)
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 64<<20 {
			t.Errorf("%s: %d MiB taken", name, taken>>20)
		}
	}
	if a, err := openBytes(t, x.Bytes(), Limits{}); err != nil || listing(t, a.FS) != "a 644 1 31\n" {
		t.Errorf("the honest one: %v", err)
	}
}

// Tars are long and repetitive: fuzz with -fuzzminimizetime 10x, or the engine spends its time on shortening them.
func FuzzOpen(f *testing.F) {
	seedArchives(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "archive")
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		a, err := Open(context.Background(), name, Limits{Total: 8 << 20, Files: 100})
		readAll(t, a, err)
	})
}

func FuzzReadTar(f *testing.F) {
	f.Add([]byte(entry('0', "a", "", "1") + entry('1', "b", "a", "") + entry('2', "l", "b", "") + end))
	f.Add([]byte(pax("13 path=../b\n", entry('0', "a", "", "1")) + end))
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := Limits{Total: 8 << 20, Files: 100}.WithDefaults()
		files, err := readTar(context.Background(), bytes.NewReader(data), int64(len(data)), newCollector(limits, int64(len(data))))
		readAll(t, &Archive{FS: files}, err)
	})
}

func FuzzOpenZip(f *testing.F) {
	f.Add(rawZip(zipEntry{name: "a", content: "1"}, zipEntry{name: "d/l", mode: fs.ModeSymlink, content: "../a"}))
	f.Add(rawZip(zipEntry{name: "../a", content: "\x4b\x4c\x4a\x06\x00", method: zip.Deflate, expanded: "abc"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := OpenZip(context.Background(), bytes.NewReader(data), int64(len(data)), Limits{Total: 8 << 20, Files: 100})
		readAll(t, a, err)
	})
}

func FuzzXzWalk(f *testing.F) {
	var x bytes.Buffer
	w, err := xz.NewWriter(&x)
	if err != nil {
		f.Fatal(err)
	}
	w.Write([]byte(entry('0', "a", "", "1") + end))
	w.Close()
	f.Add(x.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) { _ = checkXzDictionaries(bytes.NewReader(data)) })
}

func seedArchives(f *testing.F) {
	f.Add([]byte(entry('0', "a", "", "1") + entry('1', "b", "a", "") + entry('2', "l", "b", "") + end))
	f.Add([]byte(pax("13 path=../b\n", entry('0', "a", "", "1")) + end))
	for _, format := range []Format{TarGz, TarZst, Zip} {
		f.Add(write(f, tiny(f), format, Options{}))
	}
}

// readAll makes sure that what was accepted is a tree: valid paths, files of the size they say or an error.
func readAll(t *testing.T, a *Archive, err error) {
	t.Helper()
	if err != nil {
		return
	}
	defer a.Close()
	err = fs.WalkDir(a.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.Type() != 0 {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := fs.ReadFile(a.FS, name)
		if err == nil && int64(len(data)) != info.Size() {
			t.Errorf("%s has %d bytes and says %d", name, len(data), info.Size())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
