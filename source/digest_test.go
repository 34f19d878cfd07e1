package source

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

func TestDigest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	short, long := sha256.Sum256([]byte("content")), sha512.Sum512([]byte("content"))
	sha256, sha512 := hex.EncodeToString(short[:]), hex.EncodeToString(long[:])
	in := Input{Path: file, Size: 7}
	tr := &Tree{Inputs: []Input{in, in, {Path: t.TempDir()}, {Name: "nowhere"}, {Path: file, Size: 7, SHA256: "known"}}}
	if err := tr.DigestSHA256(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{sha256, sha256, "", "", "known"} {
		if got := tr.Inputs[i]; got.SHA256 != want || got.SHA512 != "" {
			t.Errorf("input %d: %+v", i, got)
		}
	}
	if err := tr.Digest(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{sha512, sha512, "", "", sha512} {
		if got := tr.Inputs[i]; got.SHA512 != want {
			t.Errorf("input %d: %+v", i, got)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	for name, digest := range map[string]func(*Tree) error{
		"SHA256": func(t *Tree) error { return t.DigestSHA256(b.Context()) },
		"both":   func(t *Tree) error { return t.Digest(b.Context()) },
	} {
		b.Run(name, func(b *testing.B) {
			root, err := Open(b.Context(), "nuget:10.0.12/linux-x64", Options{Packs: testdata.Path(b, "packs"), Offline: true})
			if err != nil {
				b.Fatal(err)
			}
			defer root.Close()
			for b.Loop() {
				for i := range root.Inputs {
					root.Inputs[i].SHA256, root.Inputs[i].SHA512 = "", ""
				}
				if err := digest(root); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
