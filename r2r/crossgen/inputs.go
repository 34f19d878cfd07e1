package crossgen

import (
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
