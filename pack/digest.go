package pack

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"io"
	"io/fs"
	"sync"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// digests are the digests in use of everything written to it.
type digests struct {
	sum256, sum512 hash.Hash
	size           int64
}

func newDigests() *digests { return &digests{sum256: sha256.New(), sum512: sha512.New()} }

func (d *digests) Write(p []byte) (int, error) {
	d.sum256.Write(p)
	d.sum512.Write(p)
	d.size += int64(len(p))
	return len(p), nil
}

func (d *digests) sha256() string { return hex.EncodeToString(d.sum256.Sum(nil)) }
func (d *digests) sha512() string { return hex.EncodeToString(d.sum512.Sum(nil)) }

// watched is a tree that reports what is read of it, and notes the SHA-256 of every file that is read from begin to end
// if sums is not nil.
type watched struct {
	*tree.Map
	task progress.Task
	sums *sums
}

// sums are the SHA-256 of files by path, in hex.
type sums struct {
	mu   sync.Mutex
	hash map[string]string
}

// Open gives the file so that it can only be read in order.
func (w watched) Open(name string) (fs.File, error) {
	f, err := w.Map.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return f, err
	}
	return &watchedFile{File: f, from: w, name: name, size: info.Size(), hash: sha256.New()}, nil
}

type watchedFile struct {
	fs.File
	from       watched
	name       string
	size, read int64
	hash       hash.Hash
}

func (f *watchedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.read += int64(n)
	f.from.task.Add(int64(n))
	if f.from.sums != nil {
		f.hash.Write(p[:n])
	}
	return n, err
}

func (f *watchedFile) Close() error {
	if s := f.from.sums; s != nil && f.read == f.size {
		s.mu.Lock()
		s.hash[f.name] = hex.EncodeToString(f.hash.Sum(nil))
		s.mu.Unlock()
	}
	return f.File.Close()
}

// fileSum gives size and SHA-256 of a file.
func fileSum(ctx context.Context, fsys fs.FS, name string) (int64, string, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return 0, "", fault.Wrap(fault.Cause(err), name, "cannot be opened")
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, tree.Reader(ctx, f))
	return n, hex.EncodeToString(h.Sum(nil)), fault.Wrap(fault.Cause(err), name, "cannot be read")
}
