package component

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

const owner = "framework.r2r.dll"

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	check(t, err)
	return data
}

func parseImage(t testing.TB, data []byte) *r2r.Image {
	t.Helper()
	image, err := r2r.Parse(data)
	check(t, err)
	return image
}

// contents is everything of value in an assembly, independent of where it lies.
type contents struct {
	Metadata   string // but for addresses
	Bodies     map[ecma335.Token]string
	Static     map[ecma335.Token]string
	Resources  string
	StrongName string
	Debug      []string
	Win32      map[string]string
	CLI        pe.CLIHeader // but for addresses
	Headers    pe.Headers
}

func readContents(t testing.TB, image *r2r.Image) *contents {
	t.Helper()
	c := &contents{Bodies: map[ecma335.Token]string{}, Static: map[ecma335.Token]string{}, Win32: map[string]string{}, Headers: pe.HeadersOf(image.PE)}
	data := func(d pe.Directory) string {
		if d.Size == 0 {
			return ""
		}
		b, err := image.PE.In(d)
		check(t, err)
		return string(b)
	}
	metadata := []byte(data(image.CLI.MetaData))
	check(t, image.Metadata.MoveRVAs(metadata, func(uint32) (uint32, error) { return 0, nil }))
	c.Metadata, c.Resources, c.StrongName = string(metadata), data(image.CLI.Resources), data(image.CLI.StrongNameSignature)
	c.CLI = *image.CLI
	for _, d := range []*pe.Directory{&c.CLI.MetaData, &c.CLI.Resources, &c.CLI.StrongNameSignature, &c.CLI.ManagedNativeHeader} {
		d.RVA = 0
	}
	c.CLI.RVA, c.CLI.ManagedNativeHeader.Size = 0, 0
	c.readCode(t, image)
	readDebug(t, image, data, &c.Debug)
	if dir := image.PE.Directories[pe.DirectoryResource]; dir.Size > 0 {
		readWin32(t, image, dir.RVA, 0, "", c.Win32)
	}
	return c
}

func (c *contents) readCode(t testing.TB, image *r2r.Image) {
	t.Helper()
	m := image.Metadata
	for rid := uint32(1); rid <= m.Rows(ecma335.MethodDef); rid++ {
		r, err := m.MethodDef(rid)
		check(t, err)
		if r.RVA != 0 {
			at, err := image.PE.From(r.RVA)
			check(t, err)
			body, err := ecma335.ParseBody(at)
			check(t, err)
			c.Bodies[ecma335.NewToken(ecma335.MethodDef, rid)] = string(at[:body.Size])
			if body.HeaderSize > 1 && r.RVA%4 != 0 {
				t.Errorf("the body of method %d, with a fat header, lies at %#x", rid, r.RVA)
			}
		}
	}
	sizes := newFieldSizes(m)
	for rid := uint32(1); rid <= m.Rows(ecma335.FieldRVA); rid++ {
		r, err := m.FieldRVA(rid)
		check(t, err)
		size, exact, err := sizes.field(r.Field)
		if err != nil || !exact {
			t.Errorf("field %d has %d bytes, exactly: %v, %v", r.Field, size, exact, err)
		}
		data, err := image.PE.At(r.RVA, uint32(size))
		check(t, err)
		c.Static[ecma335.NewToken(ecma335.Field, r.Field)] = string(data)
	}
}

func readDebug(t testing.TB, image *r2r.Image, data func(pe.Directory) string, out *[]string) {
	t.Helper()
	for table := data(image.PE.Directories[pe.DirectoryDebug]); len(table) > 0; table = table[28:] {
		row := []byte(table[:28])
		le := binary.LittleEndian
		size, rva, offset := le.Uint32(row[16:]), le.Uint32(row[20:]), le.Uint32(row[24:])
		payload := data(pe.Directory{RVA: rva, Size: size})
		if size > 0 && payload != string(image.PE.Data()[offset:offset+size]) {
			t.Error("debug data by address and by file offset differ")
		}
		*out = append(*out, fmt.Sprintf("%x: %x", row[:20], payload))
	}
}

// readWin32 gives the leaves of a tree of Windows resources by the names and numbers that lead to them.
func readWin32(t testing.TB, image *r2r.Image, base, at uint32, path string, out map[string]string) {
	t.Helper()
	le := binary.LittleEndian
	must := func(rva, size uint32) []byte {
		data, err := image.PE.At(rva, size)
		check(t, err)
		return data
	}
	header := must(base+at, 16)
	n := uint32(le.Uint16(header[12:])) + uint32(le.Uint16(header[14:]))
	for i := range n {
		entry := must(base+at+16+8*i, 8)
		id, target := le.Uint32(entry), le.Uint32(entry[4:])
		name := fmt.Sprint(id)
		if id>>31 != 0 {
			text := base + id&^(1<<31)
			name = string(must(text+2, 2*uint32(le.Uint16(must(text, 2)))))
		}
		name = path + "/" + name
		if target>>31 != 0 {
			readWin32(t, image, base, target&^(1<<31), name, out)
			continue
		}
		leaf := must(base+target, 16)
		out[name] = fmt.Sprintf("%d: %s", le.Uint32(leaf[8:]), must(le.Uint32(leaf), le.Uint32(leaf[4:])))
	}
}

// checkComponent compares a component with its original.
func checkComponent(t testing.TB, before, after *r2r.Image) {
	t.Helper()
	if after.Kind != r2r.KindComponent || after.Owner != owner {
		t.Errorf("is a %s of %q", after.Kind, after.Owner)
	}
	h, o := after.Header, before.Header
	if h.Major != o.Major || h.Minor != o.Minor || h.Flags != o.Flags|r2r.FlagComponent || len(h.Sections) != 1 {
		t.Errorf("header %+v from %+v", h, o)
	}
	if diff := cmp.Diff(readContents(t, before), readContents(t, after)); diff != "" {
		t.Errorf("%.3000s", diff)
	}
	checkAlignment(t, before, after)
	if err := pe.CheckLoadable(after.PE); err != nil || len(after.PE.Sections) != 1 || after.PE.Directories[pe.DirectoryRelocation].Size != 0 {
		t.Errorf("%v, %d sections", err, len(after.PE.Sections))
	}
}

// checkAlignment holds that static data is aligned as before, and fields that shared a place still do.
func checkAlignment(t testing.TB, before, after *r2r.Image) {
	t.Helper()
	moved := map[uint32]uint32{}
	for rid := uint32(1); rid <= before.Metadata.Rows(ecma335.FieldRVA); rid++ {
		old, err := before.Metadata.FieldRVA(rid)
		check(t, err)
		now, err := after.Metadata.FieldRVA(rid)
		check(t, err)
		if alignment := min(64, old.RVA&-old.RVA); now.RVA%alignment != 0 {
			t.Errorf("static data %d lies at %#x, was at %#x", rid, now.RVA, old.RVA)
		}
		if place, known := moved[old.RVA]; known && place != now.RVA {
			t.Errorf("static data %d lies apart from that of another field", rid)
		}
		moved[old.RVA] = now.RVA
	}
}

func rewriteFile(t testing.TB, name string) (before, after *r2r.Image, ok bool) {
	t.Helper()
	before = parseImage(t, read(t, name))
	if before.Kind != r2r.KindR2R {
		return nil, nil, false
	}
	data, err := Rewrite(before.PE.Data(), owner)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return before, parseImage(t, data), true
}

// TestFixtures rewrites what crossgen2 made for every target.
func TestFixtures(t *testing.T) {
	n := 0
	for _, name := range packs.DLLs(t, testdata.Path(t, "fixtures", "r2r")) {
		if before, after, ok := rewriteFile(t, name); ok {
			checkComponent(t, before, after)
			n++
		}
		if t.Failed() {
			t.Fatal(name)
		}
	}
	if n < 180 {
		t.Errorf("%d assemblies", n)
	}
}

// TestPacks rewrites the frameworks themselves.
func TestPacks(t *testing.T) {
	testdata.Slow(t)
	for version, want := range map[string]int{"8.0.31": 228, "10.0.12": 230} {
		n := 0
		for _, name := range packs.DLLs(t, packs.Extract(t, version)) {
			if before, after, ok := rewriteFile(t, name); ok {
				checkComponent(t, before, after)
				n++
			}
			if t.Failed() {
				t.Fatal(name)
			}
		}
		if n != want {
			t.Errorf("%s: %d assemblies", version, n)
		}
	}
}

// TestGolden compares with the components that crossgen2 makes of the same assemblies: the same contents, and hardly
// more bytes.
func TestGolden(t *testing.T) {
	n := 0
	for _, dir := range []string{"8/linux-x64", "9/linux-x64", "10/linux-x64", "8/win-x64", "10/win-x64", "10/linux-arm64"} {
		for _, name := range packs.DLLs(t, testdata.Path(t, "fixtures", "composite", dir, "plain")) {
			base := filepath.Base(name)
			if strings.HasSuffix(base, ".r2r.dll") {
				continue
			}
			golden := parseImage(t, read(t, name))
			_, after, ok := rewriteFile(t, testdata.Path(t, "fixtures", "r2r", dir, base))
			if !ok {
				continue
			}
			n++
			want, got := readContents(t, golden), readContents(t, after)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s/%s: %.2000s", dir, base, diff)
			}
			if ours, theirs := len(after.PE.Data()), len(golden.PE.Data()); ours > theirs+int(golden.PE.FileAlignment) {
				t.Errorf("%s/%s: %d bytes, crossgen2's has %d", dir, base, ours, theirs)
			}
		}
	}
	if n < 60 {
		t.Errorf("%d components", n)
	}
}

// TestRewriteIL rewrites assemblies without native code.
func TestRewriteIL(t *testing.T) {
	target := TargetOf(parseImage(t, read(t, testdata.Path(t, "fixtures", "r2r", "10", "linux-x64", "Fx.Core.dll"))))
	for _, name := range packs.DLLs(t, testdata.Path(t, "fixtures", "il")) {
		before := parseImage(t, read(t, name))
		data, err := RewriteIL(before.PE.Data(), owner, target)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		after := parseImage(t, data)
		want, got := readContents(t, before), readContents(t, after)
		want.Headers = target.Headers
		want.Headers.Timestamp, want.Headers.Subsystem = before.PE.Timestamp, before.PE.Subsystem
		want.CLI.Flags = want.CLI.Flags&^pe.CLIFlagILOnly | pe.CLIFlagILLibrary
		if diff := cmp.Diff(want, got); diff != "" || after.Owner != owner || after.Header.Flags != target.Flags|r2r.FlagComponent {
			t.Errorf("%s: %.2000s", name, diff)
		}
		checkAlignment(t, before, after)
	}
	if _, err := RewriteIL(read(t, testdata.Path(t, "fixtures", "r2r", "10", "linux-x64", "Fx.Core.dll")), owner, target); err == nil {
		t.Error("an assembly with code is taken for one without")
	}
}

func TestRefusals(t *testing.T) {
	core := read(t, testdata.Path(t, "fixtures", "r2r", "10", "linux-x64", "Fx.Core.dll"))
	image := parseImage(t, core)
	patched := func(rva uint32, value uint32) []byte {
		data := bytes.Clone(core)
		at, err := image.PE.Offset(rva, 4)
		check(t, err)
		binary.LittleEndian.PutUint32(data[at:], value)
		return data
	}
	const vtableFixups, flags = 52, 16
	for name, c := range map[string]struct {
		data  []byte
		owner string
		want  string
	}{
		"component":    {read(t, testdata.Path(t, "fixtures", "composite", "10", "linux-x64", "plain", "Fx.Core.dll")), owner, "is a component of fx.r2r.dll already"},
		"composite":    {read(t, testdata.Path(t, "fixtures", "composite", "10", "linux-x64", "plain", "fx.r2r.dll")), owner, "is a composite image"},
		"IL":           {read(t, testdata.Path(t, "fixtures", "il", "Fx.Core.dll")), owner, "has no ReadyToRun code"},
		"native":       {[]byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x3e\x00"), owner, "is not a managed assembly"},
		"nothing":      {nil, owner, "neither PE"},
		"fixups":       {patched(image.CLI.RVA+vtableFixups, 8), owner, "C++/CLI"},
		"native entry": {patched(image.CLI.RVA+flags, image.CLI.Flags|0x10), owner, "C++/CLI"},
		"embedded":     {patched(image.Header.RVA+8, uint32(image.Header.Flags)|uint32(r2r.FlagEmbeddedMSIL)), owner, "inside a native image"},
		"no owner":     {core, "", "not the file name"},
		"folder":       {core, "../x.dll", "not the file name"},
	} {
		if _, err := Rewrite(c.data, c.owner); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkRewrite rewrites the 230 assemblies of the frameworks of 10.0.12.
func BenchmarkRewrite(b *testing.B) {
	var files [][]byte
	total := int64(0)
	for _, name := range packs.DLLs(b, packs.Extract(b, "10.0.12")) {
		if data := read(b, name); parseImage(b, data).Kind == r2r.KindR2R {
			files = append(files, data)
			total += int64(len(data))
		}
	}
	b.SetBytes(total)
	b.ReportAllocs()
	for b.Loop() {
		for _, data := range files {
			if _, err := Rewrite(data, owner); err != nil {
				b.Fatal(err)
			}
		}
	}
}
