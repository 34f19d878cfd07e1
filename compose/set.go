package compose

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/progress"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// unpacked is a framework set in two parts, so that the engine need not wait for what it does not read: as files on disk
// for a compiler, in memory for linking.
type unpacked struct {
	dir  string    // of the first part, with all that the compiler reads; "" in memory
	key  string    // names the content, on disk
	tree *tree.Map // the set; before unpackRest, the second part is read from the packages
	rest *tree.Map // the second part, as it is packed
}

// maxLoaded is the largest set, in bytes, that is held in memory. Real ones have some 110 MB.
const maxLoaded = 1 << 30

// read makes the first part of the set ready for the engine. It calls missing when a compiler has not seen it before.
func (j *job) read(ctx context.Context, missing func()) (*unpacked, error) {
	if j.Engine == EngineLink && totalSize(j.tree) <= maxLoaded {
		return j.load(ctx)
	}
	return j.unpack(ctx, missing)
}

// load reads the assemblies into memory: linking them takes less time than keeping them on disk would.
func (j *job) load(ctx context.Context) (*unpacked, error) {
	assemblies, rest, err := split(j.tree)
	if err != nil {
		return nil, err
	}
	task := j.Progress.Start("reading", totalSize(assemblies))
	defer task.Done()
	loaded, err := tree.Load(ctx, assemblies, task)
	if err != nil {
		return nil, err
	}
	s := &unpacked{rest: rest}
	s.tree, err = overlay(j.tree, loaded)
	return s, err
}

// setFormat is part of the keys: raise it when what is kept of a set changes.
const setFormat = "2 "

// unpack writes what the compiler reads into the cache, once for each content. It calls missing when it was not there.
func (j *job) unpack(ctx context.Context, missing func()) (*unpacked, error) {
	key, err := j.setKey(ctx)
	if err != nil {
		return nil, err
	}
	assemblies, rest, err := split(j.tree)
	if err != nil {
		return nil, err
	}
	e, err := j.begin(ctx, "sets", setFormat+"assemblies "+key, func(ctx context.Context, tmp string) error {
		missing()
		return writeSet(ctx, assemblies, tmp, j.Progress)
	})
	if err != nil {
		return nil, err
	}
	s := &unpacked{dir: e.Path, key: key, rest: rest}
	s.tree, err = overlay(j.tree, os.DirFS(s.dir))
	return s, err
}

// unpackRest gives the set with its rest where the first part is: in memory or in the cache.
func (j *job) unpackRest(ctx context.Context, s *unpacked) (*tree.Map, error) {
	if s.dir == "" {
		loaded, err := tree.Load(ctx, s.rest, nil)
		if err != nil {
			return nil, err
		}
		return overlay(s.tree, loaded)
	}
	dir, _, err := j.Source.Cache.Do(ctx, "sets", setFormat+"rest "+s.key, func(ctx context.Context, tmp string) error {
		return writeSet(ctx, s.rest, tmp, progress.None)
	})
	if err != nil {
		return nil, err
	}
	return overlay(s.tree, os.DirFS(dir))
}

func writeSet(ctx context.Context, files fs.FS, dir string, report progress.Reporter) error {
	task := report.Start("unpacking", totalSize(files))
	defer task.Done()
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return tree.WriteDir(ctx, files, dir, task)
}

// split divides a set into its assemblies, with all that may be one, and the rest. A set with symbolic links, which may
// lead from one part to the other, is not divided.
func split(set fs.FS) (assemblies, rest *tree.Map, err error) {
	entries, err := tree.List(set)
	if err != nil {
		return nil, nil, err
	}
	linked := slices.ContainsFunc(entries, func(e tree.Entry) bool { return e.Info.Mode()&fs.ModeSymlink != 0 })
	assemblies, rest = tree.NewMap(), tree.NewMap()
	for _, e := range entries {
		part := rest
		if linked || strings.EqualFold(path.Ext(e.Path), ".dll") {
			part = assemblies
		}
		if err := part.Add(e.Path, e.File(set)); err != nil {
			return nil, nil, err
		}
	}
	return assemblies, rest, nil
}

// overlay gives a tree with the files of another one in place of its own.
func overlay(base, files fs.FS) (*tree.Map, error) {
	out, err := tree.Copy(base)
	if err != nil {
		return nil, err
	}
	entries, err := tree.List(files)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if err := out.Replace(e.Path, e.File(files)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// setKey tells sets apart by content: by the hashes of the packages they were read from, else by those of all files.
func (j *job) setKey(ctx context.Context) (string, error) {
	h := sha256.New()
	inputs := j.inputs()
	if len(inputs) == 0 {
		return hashTree(ctx, j.tree)
	}
	for _, in := range inputs {
		fmt.Fprintf(h, "input %s\n", in.SHA256)
	}
	return sum(h), nil
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

func totalSize(fsys fs.FS) int64 {
	entries, err := tree.List(fsys)
	if err != nil {
		return -1
	}
	var total int64
	for _, e := range entries {
		total += e.Info.Size()
	}
	return total
}

// hashTree gives one hash over the paths, modes and contents of all files of a tree, which are read in parallel.
func hashTree(ctx context.Context, fsys fs.FS) (string, error) {
	entries, err := tree.List(fsys)
	if err != nil {
		return "", err
	}
	sums := make([]string, len(entries))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		g.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			sums[i], err = hashEntry(fsys, e)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return "", err
	}
	h := sha256.New()
	for i, e := range entries {
		fmt.Fprintf(h, "%s %o %q\n", sums[i], e.Info.Mode().Perm(), e.Path)
	}
	return sum(h), nil
}

// hashEntry hashes the content of a file; that of a link is its target.
func hashEntry(fsys fs.FS, e tree.Entry) (string, error) {
	h := sha256.New()
	if e.Info.Mode()&fs.ModeSymlink != 0 {
		fmt.Fprintf(h, "link %q", e.Link)
		return sum(h), nil
	}
	f, err := fsys.Open(e.Path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, err = io.Copy(h, f)
	return sum(h), err
}
