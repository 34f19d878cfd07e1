package compose

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	"github.com/r2rpack/r2rpack/source"
)

// compiler is a crossgen2 that is opened only when there is something to compile.
type compiler struct {
	key  string // names its content
	open func(ctx context.Context) (*crossgen.Compiler, error)

	mu     sync.Mutex
	opened *crossgen.Compiler
}

// get opens the compiler, unless it is open already.
func (c *compiler) get(ctx context.Context) (*crossgen.Compiler, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opened != nil {
		return c.opened, nil
	}
	opened, err := c.open(ctx)
	c.opened = opened
	return opened, err
}

// warmUp opens the compiler ahead of time. What goes wrong will go wrong again when it is needed, and is told then.
func (c *compiler) warmUp(ctx context.Context) { _, _ = c.get(ctx) }

// findCompiler finds the compiler: where the user says, else in the pack of that version.
func findCompiler(ctx context.Context, spec, version string, so source.Options) (*compiler, error) {
	if spec == "" {
		return packedCompiler(ctx, "nuget:"+crossgen.PackID()+"@"+version, version, so)
	}
	if info, err := os.Stat(spec); err != nil || !info.IsDir() && info.Mode()&0o111 == 0 {
		return packedCompiler(ctx, spec, version, so)
	}
	c, err := crossgen.FromPath(ctx, spec)
	if err != nil {
		return nil, err
	}
	return &compiler{key: c.Digest, open: func(context.Context) (*crossgen.Compiler, error) { return c, nil }}, nil
}

// packedCompiler is the compiler in a package or other tree. It is unpacked into the cache when it is opened.
func packedCompiler(ctx context.Context, spec, version string, so source.Options) (*compiler, error) {
	t, err := source.Open(ctx, spec, so)
	if err != nil {
		return nil, &fault.Error{Where: "crossgen2 " + version, What: "there is no compiler for this framework", Err: err,
			Hint: "put " + crossgen.PackID() + " of that version into --packs, or name a compiler with --crossgen2"}
	}
	defer t.Close()
	if err := t.DigestSHA256(ctx); err != nil {
		return nil, err
	}
	key := compilerFormat
	for _, i := range t.Inputs {
		key += i.SHA256
	}
	return &compiler{key: key, open: func(ctx context.Context) (*crossgen.Compiler, error) { return unpackCompiler(ctx, spec, key, so) }}, nil
}

// compilerFormat is part of the key: raise it when what is kept of a compiler changes.
const compilerFormat = "2 "

// compilerFile keeps what is known of an unpacked compiler, so that it need not be asked and hashed each time.
const compilerFile = "compiler.json"

func unpackCompiler(ctx context.Context, spec, key string, so source.Options) (*crossgen.Compiler, error) {
	dir, _, err := so.Cache.Do(ctx, "compilers", key, func(ctx context.Context, tmp string) error {
		t, err := source.Open(ctx, spec, so)
		if err != nil {
			return err
		}
		defer t.Close()
		c, err := crossgen.FromTree(ctx, t, tmp)
		if err != nil {
			return err
		}
		c.Path = filepath.Base(c.Path)
		data, err := json.Marshal(c)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(tmp, compilerFile), data, 0o644)
	})
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, compilerFile))
	if err != nil {
		return nil, fault.Wrap(fault.Cause(err), dir, "cannot be read from the cache")
	}
	var c crossgen.Compiler
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fault.Wrap(err, dir, "cannot be read from the cache")
	}
	c.Path = filepath.Join(dir, c.Path)
	return &c, nil
}
