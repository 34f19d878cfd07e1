package crossgen

import (
	"path/filepath"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r"
)

// check reads back what the compiler wrote. Every input must have come back as a component that names the composite and
// has its MVID; the composite must list it, be for the target, and have the ReadyToRun major version that the inputs
// had. Then it settles the account of the profiles.
func (in *inputs) check(job *Job, plan *plan, result *Result) error {
	result.Composite = filepath.Join(job.Output, job.Name)
	composite, err := in.readBack(result.Composite, r2r.KindComposite)
	if err != nil {
		return err
	}
	if err := job.checkTarget(composite, result.Composite); err != nil {
		return err
	}
	listed := map[string]r2r.Component{}
	for _, c := range composite.Components {
		listed[c.Name] = c
	}
	result.Components = map[string]string{}
	for _, a := range job.Inputs {
		path := filepath.Join(job.Output, filepath.Base(a.Path))
		if err := in.checkComponent(in.members[a.Name], path, job.Name, composite, listed); err != nil {
			return err
		}
		result.Components[a.Name] = path
	}
	entries, err := methodEntries(composite)
	if err != nil {
		return fault.Wrap(err, result.Composite, "cannot be read back")
	}
	result.Account = plan.settle(entries)
	return nil
}

func (in *inputs) readBack(path string, kind r2r.Kind) (*r2r.Image, error) {
	data, err := in.read(path)
	if err != nil {
		return nil, err
	}
	image, err := r2r.Parse(data)
	if err != nil {
		return nil, fault.Wrap(err, path, "cannot be read back")
	}
	if image.Kind != kind {
		return nil, fault.New(path, "came out as %s instead of %s", image.Kind, kind)
	}
	return image, nil
}

func (in *inputs) checkComponent(from *input, path, owner string, composite *r2r.Image, listed map[string]r2r.Component) error {
	image, err := in.readBack(path, r2r.KindComponent)
	if err != nil {
		return err
	}
	if image.Owner != owner {
		return fault.New(path, "names the composite %q instead of %s", image.Owner, owner)
	}
	if err := from.checkBuild(image, path); err != nil {
		return err
	}
	row, ok := listed[from.Name]
	switch {
	case !ok:
		return fault.New(path, "is not listed in the composite %s", owner)
	case row.MVID != from.mvid && !row.MVID.IsZero():
		return fault.New(path, "has MVID %s, its row in %s has %s", from.mvid, owner, row.MVID)
	case from.image.Header != nil && from.image.Header.Major != composite.Header.Major:
		return fault.New(owner, "has ReadyToRun version %d, but %s was compiled with version %d", composite.Header.Major, from.Path, from.image.Header.Major).
			WithHint("use the compiler of the framework's own version")
	}
	return nil
}

// checkTarget refuses an image for another target than the job's.
func (j *Job) checkTarget(image *r2r.Image, path string) error {
	if arch, system, _ := image.PE.Machine.Split(); arch != j.TargetArch || system != j.TargetOS {
		return fault.New(path, "came out for %s instead of %s-%s", image.PE.Machine, j.TargetOS, j.TargetArch)
	}
	return nil
}

// checkBuild refuses an image that is not of the input's build: the compiler keeps the MVID.
func (from *input) checkBuild(image *r2r.Image, path string) error {
	id, err := mvid(image.Metadata)
	if err != nil {
		return fault.Wrap(err, path, "cannot be read back")
	}
	if id != from.mvid {
		return fault.New(path, "has MVID %s, %s has %s", id, from.Path, from.mvid)
	}
	return nil
}
