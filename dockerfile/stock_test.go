package dockerfile

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha512"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// packStockRoot packs an official root, laid out here from the official packs without any other package of this module.
// Beside it lies an archive for another architecture, which an image for this one must not look into.
func packStockRoot(t *testing.T, version string) (dist string) {
	t.Helper()
	dist = t.TempDir()
	name := "aspnetcore-runtime-" + version + "-linux-x64.tar.gz"
	f, err := os.Create(filepath.Join(dist, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := sha512.New()
	z, err := gzip.NewWriterLevel(io.MultiWriter(f, sum), gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	root := &stockRoot{t: t, version: version, tar: tar.NewWriter(z)}
	root.addPack("Microsoft.NETCore.App")
	root.addPack("Microsoft.AspNetCore.App")
	root.addMuxer()
	if err := root.tar.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dist, name+".sha512"), fmt.Sprintf("%x  %s\n", sum.Sum(nil), name))
	other := filepath.Join(dist, "aspnetcore-runtime-"+version+"-linux-arm64.tar.gz")
	writeFile(t, other, "")
	writeFile(t, other+".sha512", strings.Repeat("0", 128)+"\n")
	return dist
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

type stockRoot struct {
	t       *testing.T
	version string
	tar     *tar.Writer
}

// addPack puts the managed and native files of a runtime pack where the host looks for them.
func (r *stockRoot) addPack(framework string) {
	r.t.Helper()
	pack := strings.ToLower(framework) + ".runtime.linux-x64." + r.version + ".nupkg"
	z, err := zip.OpenReader(testdata.Path(r.t, "packs", pack))
	if err != nil {
		r.t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, "runtimes/linux-x64/") {
			continue
		}
		folder := path.Join("shared", framework, r.version)
		if path.Base(f.Name) == "libhostfxr.so" {
			folder = path.Join("host", "fxr", r.version)
		}
		in, err := f.Open()
		if err != nil {
			r.t.Fatal(err)
		}
		r.add(path.Join(folder, path.Base(f.Name)), int64(f.UncompressedSize64), in)
	}
}

func (r *stockRoot) addMuxer() {
	r.t.Helper()
	in, err := os.Open(testdata.Path(r.t, "host", "dotnet"))
	if err != nil {
		r.t.Fatal(err)
	}
	info, err := in.Stat()
	if err != nil {
		r.t.Fatal(err)
	}
	r.add("dotnet", info.Size(), in)
}

func (r *stockRoot) add(name string, size int64, in io.ReadCloser) {
	r.t.Helper()
	defer in.Close()
	header := &tar.Header{Name: "./" + name, Size: size, Mode: int64(tree.OfficialMode(name)), Uid: 12345, Gid: 12345}
	if err := r.tar.WriteHeader(header); err != nil {
		r.t.Fatal(err)
	}
	if _, err := io.Copy(r.tar, in); err != nil {
		r.t.Fatal(err)
	}
}
