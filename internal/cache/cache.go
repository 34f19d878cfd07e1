// Package cache keeps what was expensive to get, such as downloads and compiler results, under a key that names its
// content. Entries appear whole or not at all, are made once however many processes ask, and are checked on every use.
package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// EnvDir is the environment variable that names the folder of the cache.
const EnvDir = "R2RPACK_CACHE"

// Store is a cache in one folder, which any number of goroutines and processes may use at once. Its folder holds, for
// each kind, a folder an entry; entries being made, interrupted downloads and locks are in folders of their own.
type Store struct {
	dir string
}

// Open gives the cache in dir; "" means that of R2RPACK_CACHE, or r2rpack in the user's cache folder. Nothing is created
// or written yet, so that a read-only cache can be used for what it holds.
func Open(dir string) (*Store, error) {
	if dir == "" {
		dir = os.Getenv(EnvDir)
	}
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, &fault.Error{Where: "cache", What: "this user has no cache folder", Err: err,
				Hint: "set " + EnvDir + " to a folder"}
		}
		dir = filepath.Join(user, "r2rpack")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fault.Wrap(err, dir, "cannot be the cache")
	}
	if info, err := os.Stat(abs); err == nil && !info.IsDir() {
		return nil, fault.New(abs, "is not a folder and cannot be the cache").WithHint("set %s to a folder", EnvDir)
	}
	return &Store{dir: abs}, nil
}

// Dir is the folder of the cache.
func (s *Store) Dir() string { return s.dir }

// Do gives the path of the file or folder kept under kind and key, made by fill if it is not there yet; hit says that
// it was. A damaged entry is made anew. fill gets a path that does not exist, on the file system of the cache, and makes
// a file or folder there; when it fails nothing is kept. While one caller fills, all others for the same kind and key
// wait, until their contexts end, and then find the entry. Nobody may change what lies at the path.
func (s *Store) Do(ctx context.Context, kind, key string,
	fill func(ctx context.Context, tmp string) error) (path string, hit bool, err error) {
	e, err := s.Begin(ctx, kind, key, fill)
	if err != nil {
		return "", false, err
	}
	return e.Path, e.Hit, e.Keep(ctx)
}

// Entry is an entry in use. Of one that was made by Begin, nobody else knows until Keep.
type Entry struct {
	Path string
	Hit  bool // it was there

	place  entry
	unlock func() // nil when there is nothing left to do
}

// Begin is Do for an entry that is used at once: others go on waiting for it until Keep, which takes its time, or Close.
func (s *Store) Begin(ctx context.Context, kind, key string, fill func(ctx context.Context, tmp string) error) (*Entry, error) {
	e := s.entry(kind, key)
	if ok, err := e.intact(ctx); ok || err != nil {
		return &Entry{Path: e.path(), Hit: true}, err
	}
	unlock, err := e.lock(ctx)
	if err != nil {
		return nil, s.explain(err)
	}
	ok, err := e.intact(ctx)
	if ok || err != nil {
		unlock()
		return &Entry{Path: e.path(), Hit: true}, err
	}
	if err := e.fill(ctx, fill); err != nil {
		unlock()
		return nil, s.explain(err)
	}
	return &Entry{Path: e.path(), place: e, unlock: unlock}, nil
}

// Keep lets others have the entry. When it fails, nothing is kept.
func (e *Entry) Keep(ctx context.Context) error {
	if e.unlock == nil {
		return nil
	}
	if err := writeSeal(ctx, e.place.dir()); err != nil {
		e.Close()
		return e.place.store.explain(err)
	}
	e.unlock()
	e.unlock = nil
	return nil
}

// Close takes an entry away that was made and is not kept; of others it does nothing.
func (e *Entry) Close() {
	if e.unlock == nil {
		return
	}
	_ = os.RemoveAll(e.place.dir()) // without a seal, what remains is nobody's
	e.unlock()
	e.unlock = nil
}

// Get gives the path of an intact entry, or false when there is none.
func (s *Store) Get(kind, key string) (string, bool) {
	e := s.entry(kind, key)
	ok, err := e.intact(context.Background())
	return e.path(), ok && err == nil
}

// Remove takes an entry away, waiting for whoever is making it; that there is none is no error.
func (s *Store) Remove(ctx context.Context, kind, key string) error {
	e := s.entry(kind, key)
	unlock, err := e.lock(ctx)
	if err != nil {
		return s.explain(err)
	}
	defer unlock()
	return s.explain(os.RemoveAll(e.dir()))
}

// Partial gives a path at which the fill function of kind and key may keep an unfinished file from one run to the next,
// and prepares its folder. Whoever fills owns it; it is to be moved or removed when the work is done.
func (s *Store) Partial(kind, key string) (string, error) {
	e := s.entry(kind, key)
	dir := filepath.Join(s.dir, "partial")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", s.explain(err)
	}
	return filepath.Join(dir, e.id()), nil
}

// explain turns an error about writing to the cache into one that says so, and leaves all others alone.
func (s *Store) explain(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return s.fault("is full", err)
	case s.concerns(err) && (errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission)):
		return s.fault("may not be written to", err)
	case s.concerns(err):
		return s.fault("cannot be written to", err)
	}
	return err
}

func (s *Store) fault(what string, err error) error {
	return &fault.Error{Where: "cache " + s.dir, What: what, Err: err,
		Hint: "set " + EnvDir + " to a folder with room that you may write to"}
}

// concerns says whether the file system refused something inside the cache.
func (s *Store) concerns(err error) bool {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return s.holds(pe.Path)
	case errors.As(err, &le):
		return s.holds(le.New)
	}
	return false
}

// holds says whether a path is the cache, in it, or a folder above it that would have to be made first.
func (s *Store) holds(name string) bool {
	const sep = string(filepath.Separator)
	return strings.HasPrefix(name+sep, s.dir+sep) || strings.HasPrefix(s.dir, name+sep)
}

// entry is one place of the cache, whether filled or not.
type entry struct {
	store *Store
	kind  string
	hash  string // of the key
	base  string // name of the file or folder in the entry
}

// plainName is what may be the name of a file on every system; the seal is told apart by its leading dot.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+@-]{0,120}[A-Za-z0-9_]$`)

// entry finds the place for a key. Keys may be any text: the folder is named by their hash. The last element of a key
// that looks like a file name is kept as such, for what is told about the file later.
func (s *Store) entry(kind, key string) entry {
	sum := sha256.Sum256([]byte(key))
	e := entry{store: s, kind: kind, hash: hex.EncodeToString(sum[:20]), base: path.Base(key)}
	if !plainName.MatchString(e.base) {
		e.base = "content"
	}
	return e
}

func (e entry) id() string   { return e.kind + "-" + e.hash }
func (e entry) dir() string  { return filepath.Join(e.store.dir, e.kind, e.hash) }
func (e entry) path() string { return filepath.Join(e.dir(), e.base) }

func (e entry) lock(ctx context.Context) (unlock func(), err error) {
	dir := filepath.Join(e.store.dir, "lock")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return lock(ctx, filepath.Join(dir, e.id()))
}

// fill makes the entry beside its place and moves it there, where it counts for nothing before it has a seal. The caller
// has the lock, so that what an earlier run left at either place is nobody's.
func (e entry) fill(ctx context.Context, fill func(context.Context, string) error) error {
	work := filepath.Join(e.store.dir, "work", e.id())
	if err := os.RemoveAll(work); err != nil {
		return err
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := fill(ctx, filepath.Join(work, e.base)); err != nil {
		return err
	}
	if err := os.RemoveAll(e.dir()); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(e.dir()), 0o755); err != nil {
		return err
	}
	return os.Rename(work, e.dir())
}

// intact says whether the entry is there and is still what was put there.
func (e entry) intact(ctx context.Context) (bool, error) {
	return sealed(ctx, e.dir())
}
