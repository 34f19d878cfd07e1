package compose

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	"github.com/r2rpack/r2rpack/source"
)

// profileFile is a profile, or what one is made of, with the hash of its content.
type profileFile struct {
	path, name, sha256 string
	ofPack             bool // it came with the runtime pack
}

// readProfiles finds the profiles of a recipe and of the user, the pack's own first, and hashes them.
func (j *job) readProfiles(ctx context.Context, recipe crossgen.Recipe) ([]profileFile, error) {
	var files []string
	var pack string
	if recipe.PackProfile && !j.ProfileOnly {
		var err error
		if pack, err = j.packProfile(ctx); err != nil {
			return nil, err
		}
		if pack != "" {
			files = append(files, pack)
		}
	}
	files = append(files, j.Profiles...)
	if recipe.Partial && len(files)+len(j.Traces) == 0 {
		return nil, fault.New("--recipe "+recipe.Name, "compiles the methods of a profile, and the runtime pack with its %s is not at hand", packProfileName).
			WithHint("give --packs so that the runtime pack is found, or --mibc FILE, or --recipe full")
	}
	var out []profileFile
	for _, f := range files {
		p, err := openProfile(f)
		if err != nil {
			return nil, err
		}
		p.ofPack = f == pack
		out = append(out, p)
	}
	return out, nil
}

func openProfile(file string) (profileFile, error) {
	f, err := os.Open(file)
	if err != nil {
		return profileFile{}, fault.Wrap(fault.Cause(err), file, "cannot read the profile")
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return profileFile{}, fault.Wrap(fault.Cause(err), file, "cannot read the profile")
	}
	return profileFile{path: file, name: filepath.Base(file), sha256: sum(h)}, nil
}

// packProfileName is the profile that every runtime pack of .NET 6 and later carries in its folder tools.
const packProfileName = "StandardOptimizationData.mibc"

// packProfile finds the profile in the runtime pack of the framework, and keeps it in the cache by the hash of the pack.
// A pack that is not at hand is no error here: recipes that need the profile say so.
func (j *job) packProfile(ctx context.Context) (string, error) {
	id := "Microsoft.NETCore.App.Runtime." + j.rid
	known := j.input(id)
	if dir, ok := j.Source.Cache.Get("profiles", known.SHA256); ok {
		return filepath.Join(dir, packProfileName), nil
	}
	t, err := source.Open(ctx, "nuget:"+id+"@"+j.version, j.Source)
	if err != nil {
		return "", ctx.Err()
	}
	defer t.Close()
	file, err := tree.From(t, "tools/"+packProfileName)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if t.Inputs[0].Path == known.Path {
		t.Inputs[0].SHA256 = known.SHA256
	}
	if err := t.DigestSHA256(ctx); err != nil {
		return "", err
	}
	dir, _, err := j.Source.Cache.Do(ctx, "profiles", t.Inputs[0].SHA256, func(ctx context.Context, tmp string) error {
		m := tree.NewMap()
		if err := m.Add(packProfileName, file); err != nil {
			return err
		}
		if err := os.Mkdir(tmp, 0o755); err != nil {
			return err
		}
		return tree.WriteDir(ctx, m, tmp, nil)
	})
	return filepath.Join(dir, packProfileName), err
}

// input gives the package of the set with that id and the framework's version, or nothing.
func (j *job) input(id string) source.Input {
	for _, in := range j.tree.Inputs {
		if strings.EqualFold(in.Name, id) && in.Version == j.version {
			return in
		}
	}
	return source.Input{}
}
