package tarball

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

// Hashes of "abc" (FIPS 180-2, appendices B.1 and C.1).
const (
	abc256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	abc512 = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
)

func TestSum(t *testing.T) {
	if got, err := Sum(strings.NewReader("abc")); err != nil || got != (Sums{3, abc256, abc512}) {
		t.Errorf("%+v, %v", got, err)
	}
	failing := contextReader{cancelled(), strings.NewReader("abc")}
	if _, err := Sum(failing); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestParseChecksums(t *testing.T) {
	one := []Checksum{{abc512, "a.tar.gz"}}
	for name, c := range map[string]struct {
		text string
		want []Checksum
	}{
		"sha512sum":          {abc512 + "  a.tar.gz\n", one},
		"one space":          {abc512 + " a.tar.gz\n", one},
		"binary":             {abc512 + " *a.tar.gz\n", one},
		"no newline":         {abc512 + "  a.tar.gz", one},
		"CRLF":               {abc512 + "  a.tar.gz\r\n", one},
		"upper case":         {strings.ToUpper(abc512) + "  a.tar.gz\n", one},
		"header":             {"# Hash: SHA512\r\n" + abc512 + "  a.tar.gz\r\n", one},
		"byte order mark":    {"\ufeff" + abc512 + "  a.tar.gz\n", one},
		"empty lines":        {"\n\n" + abc512 + "  a.tar.gz\n \n", one},
		"bare":               {abc512, []Checksum{{abc512, ""}}},
		"bare, CRLF":         {strings.ToUpper(abc512) + "\r\n", []Checksum{{abc512, ""}}},
		"SHA-256":            {abc256 + "  b.zip\n", []Checksum{{abc256, "b.zip"}}},
		"aggregate":          {abc512 + "  a.tar.gz\n" + abc256 + " b c.zip\n", []Checksum{{abc512, "a.tar.gz"}, {abc256, "b c.zip"}}},
		"a hash of a file #": {abc512 + "  #\n", []Checksum{{abc512, "#"}}},
	} {
		if got, err := ParseChecksums(strings.NewReader(c.text)); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":         {"", "holds no checksum"},
		"only a header": {"# Hash: SHA512\n", "holds no checksum"},
		"prose":         {abc512 + "  a\nnot found\n", "line 2: does not begin with a SHA"},
		"short":         {abc512[1:] + "  a\n", "line 1: does not begin"},
		"SHA-1":         {abc512[:40] + "  a\n", "line 1: does not begin"},
		"not hex":       {"g" + abc512[1:] + "  a\n", "line 1: does not begin"},
		"long line":     {strings.Repeat("a", 1<<17), "is not a checksum file"},
		"endless":       {strings.Repeat(abc512+"  a\n", maxChecksums/len(abc512)), "is larger than 16 MiB"},
	} {
		if got, err := ParseChecksums(strings.NewReader(c.text)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestWriteChecksums(t *testing.T) {
	for want, sums := range map[string][]Checksum{
		abc512 + "  a.tar.gz\n": {{abc512, "a.tar.gz"}},
		abc512 + "\n":           {{abc512, ""}},
		abc512 + "  a.tar.gz\n" + abc256 + "  a.tar.gz\n": {{abc512, "a.tar.gz"}, {abc256, "a.tar.gz"}},
	} {
		var b strings.Builder
		if err := WriteChecksums(&b, sums...); err != nil || b.String() != want {
			t.Errorf("%q, %v", b.String(), err)
		}
		if back, err := ParseChecksums(strings.NewReader(want)); err != nil || !reflect.DeepEqual(back, sums) {
			t.Errorf("read back: %v, %v", back, err)
		}
	}
}

func TestVerifyFile(t *testing.T) {
	dir := t.TempDir()
	file, list := filepath.Join(dir, "a.tar.gz"), filepath.Join(dir, "sums.txt")
	put := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(file, "abc")
	wrong := "0" + abc512[1:]
	for name, c := range map[string]struct{ text, want string }{
		"line":             {abc512 + "  a.tar.gz\n", ""},
		"bare":             {strings.ToUpper(abc512), ""},
		"folder":           {abc512 + " *out/a.tar.gz\n", ""},
		"both kinds":       {abc512 + "  a.tar.gz\n" + abc256 + "  a.tar.gz\n", ""},
		"among others":     {wrong + "  b.zip\r\n" + abc512 + "  a.tar.gz\r\n", ""},
		"wrong":            {wrong + "  a.tar.gz\n", file + ": has the SHA-512 " + abc512 + ", but sums.txt gives " + wrong},
		"wrong 256":        {abc512[:64] + "\n", file + ": has the SHA-256 " + abc256},
		"one of two wrong": {abc512 + "  a.tar.gz\n" + wrong + "  a.tar.gz\n", file + ": has the SHA-512"},
		"only others":      {abc512 + "  b.zip\n", list + ": has no line about a.tar.gz"},
		"two bare ones":    {abc512 + "\n" + abc256 + "\n", list + ": has no line about a.tar.gz"},
		"garbage":          {"404 not found", list + ": line 1: does not begin"},
	} {
		put(list, c.text)
		err := VerifyFile(context.Background(), file, list)
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	put(list, abc512)
	if err := VerifyFile(cancelled(), file, list); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for _, missing := range [][2]string{{file, list + "x"}, {file + "x", list}} {
		if err := VerifyFile(context.Background(), missing[0], missing[1]); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "x: cannot be opened") {
			t.Error(err)
		}
	}
}

// sha512sum checks what we write, and we read what it writes.
func TestCoreutilsAgree(t *testing.T) {
	if _, err := exec.LookPath("sha512sum"); err != nil {
		testdata.Missing(t, "no sha512sum here")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.zip"), []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	var ours strings.Builder
	if err := WriteChecksums(&ours, Checksum{abc512, "a.zip"}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ours"), []byte(ours.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "sh", "-c", "sha512sum --quiet --strict -c ours && sha512sum a.zip > text && sha512sum -b a.zip > binary")
	for _, name := range []string{"text", "binary"} {
		if err := VerifyFile(context.Background(), filepath.Join(dir, "a.zip"), filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func FuzzParseChecksums(f *testing.F) {
	f.Add("# Hash: SHA512\r\n" + strings.ToUpper(abc512) + " *a.tar.gz\r\n")
	f.Add(abc256)
	f.Fuzz(func(t *testing.T, text string) {
		sums, err := ParseChecksums(strings.NewReader(text))
		if err != nil {
			return
		}
		var b strings.Builder
		if err := WriteChecksums(&b, sums...); err != nil {
			t.Fatal(err)
		}
		if back, err := ParseChecksums(strings.NewReader(b.String())); err != nil || !reflect.DeepEqual(back, sums) {
			t.Errorf("%q reads as %v, then as %v, %v", text, sums, back, err)
		}
	})
}
