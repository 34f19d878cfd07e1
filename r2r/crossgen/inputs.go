package crossgen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

// inputs are the opened files of a job.
type inputs struct {
	scope    *profile.Scope
	members  map[string]*input // by simple name: what is compiled
	bubble   map[string]bool   // simple names of what is compiled or taken for granted
	granted  map[r2r.GUID]bool // MVIDs of what is taken for granted
	releases []func()
	extra    sync.WaitGroup // of what uses the scope beside
}

type input struct {
	Assembly
	image  *r2r.Image
	mvid   r2r.GUID
	bypass func() map[ecma335.Token]bool // the methods with bypassAttribute
}

// openInputs opens all assemblies of a job: they must be managed.
func openInputs(job *Job) (*inputs, error) {
	in := &inputs{scope: profile.NewScope(), members: map[string]*input{}, bubble: map[string]bool{}, granted: map[r2r.GUID]bool{}}
	if err := in.open(job); err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

func (in *inputs) open(job *Job) error {
	for _, a := range job.Inputs {
		image, err := in.add(a.Path)
		if err != nil {
			return err
		}
		mvid, err := mvid(image.Metadata)
		if err != nil {
			return fault.Wrap(err, a.Path, "cannot be read")
		}
		bypass := sync.OnceValue(func() map[ecma335.Token]bool { return marked(image.Metadata, bypassAttribute) })
		in.members[a.Name] = &input{a, image, mvid, bypass}
		in.bubble[a.Name] = true
	}
	for _, path := range job.Bubble {
		in.bubble[simpleName(path)] = true
	}
	for _, path := range job.response(&Compiler{}, nil).references {
		if in.members[simpleName(path)] != nil {
			continue // an input may be repeated as a reference
		}
		image, err := in.add(path)
		if err != nil {
			return err
		}
		if in.bubble[simpleName(path)] {
			id, err := mvid(image.Metadata)
			if err != nil {
				return fault.Wrap(err, path, "cannot be read")
			}
			in.granted[id] = true
		}
	}
	return nil
}

func (in *inputs) add(path string) (*r2r.Image, error) {
	data, err := in.read(path)
	if err != nil {
		return nil, err
	}
	image, err := r2r.Parse(data)
	if err != nil {
		return nil, fault.Wrap(err, path, "is no assembly")
	}
	if image.Metadata == nil {
		return nil, fault.New(path, "is no managed assembly (it is of kind %s)", image.Kind).WithHint("leave it out")
	}
	_, err = in.scope.Add(simpleName(path), image.Metadata)
	return image, err
}

// read gives the bytes of a file until the inputs are closed.
func (in *inputs) read(path string) ([]byte, error) {
	data, release, err := tree.Data(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	if err != nil {
		return nil, fault.Wrap(err, path, "cannot be read")
	}
	in.releases = append(in.releases, release)
	return data, nil
}

func (in *inputs) close() {
	in.extra.Wait()
	for _, release := range in.releases {
		release()
	}
}

func mvid(md *ecma335.Metadata) (r2r.GUID, error) {
	row, err := md.Module()
	if err != nil {
		return r2r.GUID{}, err
	}
	id, err := md.GUID(row.MVID)
	return r2r.GUID(id), err
}

// extraProfile is what Job.Extra has made.
type extraProfile struct {
	name string
	data []byte
	err  error
}

// readProfiles reads the profiles of a job, plans what must come of them, and writes what the compiler gets of each
// into temp: no instrumentation data, no record that it cannot find (see profile.Strip and plan.add).
func (in *inputs) readProfiles(ctx context.Context, job *Job, temp string, result *Result) (*plan, []string, error) {
	p := newPlan(in)
	extra := in.makeExtra(ctx, job)
	var stripped []string
	for _, path := range job.Profiles {
		data, err := in.read(path)
		if err != nil {
			return nil, nil, err
		}
		if stripped, err = in.takeProfile(ctx, job, p, path, data, temp, stripped, result); err != nil {
			return nil, nil, err
		}
	}
	if extra != nil {
		e := <-extra
		if e.err != nil {
			return nil, nil, e.err
		}
		var err error
		if stripped, err = in.takeProfile(ctx, job, p, e.name, e.data, temp, stripped, result); err != nil {
			return nil, nil, err
		}
	}
	p.complete()
	return p, stripped, nil
}

// makeExtra has the extra profile of a job made beside the reading of the others.
func (in *inputs) makeExtra(ctx context.Context, job *Job) <-chan extraProfile {
	if job.Extra == nil {
		return nil
	}
	made := make(chan extraProfile, 1)
	in.extra.Go(func() {
		name, data, err := job.Extra(ctx, in.scope)
		made <- extraProfile{name, data, err}
	})
	return made
}

// takeProfile plans one profile and writes what the compiler gets of it.
func (in *inputs) takeProfile(ctx context.Context, job *Job, p *plan, name string, data []byte, temp string, stripped []string, result *Result) ([]string, error) {
	parsed, err := profile.Parse(name, data)
	if err != nil {
		return nil, err
	}
	lost, err := p.add(ctx, parsed)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(temp, fmt.Sprintf("profile-%d.mibc", len(stripped)))
	text := parsed.Strip(func(g profile.Group, r profile.Record) bool {
		return !lost[r.Method] && (!job.separate || in.concerned(g))
	})
	if err := writeSparse(file, text); err != nil {
		return nil, writeFault(file, err)
	}
	result.Profiles = append(result.Profiles, describe(name, parsed))
	return append(stripped, file), nil
}

// sparseBlock is what writeSparse looks at as a whole, in bytes: the block of most file systems.
const sparseBlock = 4 << 10

// writeSparse writes a file without writing its blocks of zeros, which most of a stripped profile are.
func writeSparse(name string, data []byte) (err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var zeros [sparseBlock]byte
	for from := 0; from < len(data); {
		to := from
		for to < len(data) && !bytes.HasPrefix(zeros[:], data[to:min(to+sparseBlock, len(data))]) {
			to = min(to+sparseBlock, len(data))
		}
		if _, err := f.WriteAt(data[from:to], int64(from)); err != nil {
			return err
		}
		from = min(to+sparseBlock, len(data)) // what is at to is zeros, or the end
	}
	return f.Truncate(int64(len(data)))
}

func describe(path string, p *profile.Profile) ProfileUse {
	use := ProfileUse{Path: path, Records: p.Count()}
	for _, g := range p.Groups {
		for _, r := range g.Records {
			if r.Instrumented {
				use.Instrumented++
			}
		}
	}
	return use
}
