package crossgen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

// given is a profile of a job, with what its records turned out to be.
type given struct {
	name    string
	profile *profile.Profile
	thin    bool                   // it is Job.Thin
	methods []ecma335.Token        // of the records that count
	found   []finding              // the same
	out     map[ecma335.Token]bool // those that the compiler must not see
}

// readProfiles reads the profiles of a job, plans what must come of them, and writes what the compiler gets of each
// into temp: no instrumentation data, no record that it cannot find (see profile.Strip and plan.add), and of Job.Thin
// none that is left out.
func (in *inputs) readProfiles(ctx context.Context, job *Job, temp string, result *Result) (*plan, []string, error) {
	p := newPlan(in)
	all, err := in.findProfiles(ctx, job, p)
	if err != nil {
		return nil, nil, err
	}
	in.thin(all)
	for _, g := range all {
		p.add(g)
	}
	p.complete()
	var files []string
	for i, g := range all {
		file := filepath.Join(temp, fmt.Sprintf("profile-%d.mibc", i))
		text := g.profile.Strip(func(group profile.Group, r profile.Record) bool {
			return !g.out[r.Method] && (!job.separate || in.concerned(group))
		})
		if err := writeSparse(file, text); err != nil {
			return nil, nil, writeFault(file, err)
		}
		result.Profiles = append(result.Profiles, describe(g.name, g.profile))
		files = append(files, file)
	}
	return p, files, nil
}

// findProfiles reads the profiles of a job and finds their methods.
func (in *inputs) findProfiles(ctx context.Context, job *Job, p *plan) ([]*given, error) {
	extra := in.makeExtra(ctx, job)
	var all []*given
	for _, path := range job.Profiles {
		data, err := in.read(path)
		if err != nil {
			return nil, err
		}
		g, err := in.findProfile(ctx, p, path, data)
		if err != nil {
			return nil, err
		}
		g.thin = path == job.Thin
		all = append(all, g)
	}
	if extra == nil {
		return all, nil
	}
	e := <-extra
	if e.err != nil {
		return nil, e.err
	}
	g, err := in.findProfile(ctx, p, e.name, e.data)
	return append(all, g), err
}

func (in *inputs) findProfile(ctx context.Context, p *plan, name string, data []byte) (*given, error) {
	parsed, err := profile.Parse(name, data)
	if err != nil {
		return nil, err
	}
	g := &given{name: name, profile: parsed, methods: p.active(parsed), out: map[ecma335.Token]bool{}}
	g.found, err = in.findAll(ctx, parsed, g.methods)
	return g, err
}

// extraProfile is what Job.Extra has made.
type extraProfile struct {
	name string
	data []byte
	err  error
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

// thinCode is the most IL, in bytes, of a method that Job.Thin loses.
const thinCode = 65

// thin leaves out of a job's thin profile, if there is one, the small methods that no other profile names.
func (in *inputs) thin(all []*given) {
	i := slices.IndexFunc(all, func(g *given) bool { return g.thin })
	if i < 0 {
		return
	}
	named := map[string]bool{}
	for _, g := range slices.Delete(slices.Clone(all), i, i+1) {
		for _, f := range g.found {
			named[f.name] = true
		}
	}
	for j := range all[i].found {
		f := &all[i].found[j]
		if f.err == nil && f.skip == "" && !named[f.name] && in.codeSize(f.method) <= thinCode {
			f.skip = SkipThin
		}
	}
}

// codeSize gives the bytes of IL of a method, 0 of one that cannot be read.
func (in *inputs) codeSize(m profile.Method) int {
	row, err := m.Assembly.Metadata.MethodDef(m.RID)
	if err != nil {
		return 0
	}
	data, err := in.members[m.Assembly.Name].image.PE.From(row.RVA)
	if err != nil {
		return 0
	}
	body, err := ecma335.ParseBody(data)
	if err != nil {
		return 0
	}
	return len(body.Code)
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
