package compose

import (
	"cmp"
	"context"
	"path/filepath"
	"strings"

	"github.com/r2rpack/r2rpack/fit"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/source"
)

// checkFit refuses options that only a fitted root has.
func (o Options) checkFit() error {
	for flag, list := range map[string][]string{"--keep": o.Keep, "--with": o.With} {
		if len(o.Fit) == 0 && len(list) > 0 {
			return fault.Usage(flag, "goes with --fit alone: other roots keep all assemblies, and all optional files but those of --without")
		}
	}
	return fit.CheckFeatures(o.Without, o.With)
}

// prepareFit reads the applications that the set is to be fitted for, and refuses what cannot be.
func (p *plan) prepareFit(ctx context.Context) error {
	if len(p.Fit) == 0 && len(p.Without) == 0 {
		return nil
	}
	root, err := layout.Read(p.tree)
	if err != nil {
		return err
	}
	p.request = &fit.Request{Keep: p.Keep, Without: p.Without, With: p.With}
	for _, spec := range p.Fit {
		t, err := source.Open(ctx, spec, p.Source)
		if err != nil {
			return err
		}
		defer t.Close()
		p.request.Apps = append(p.request.Apps, fit.App{Name: spec, Files: t})
	}
	return p.request.Prepare(ctx, root)
}

// fit takes out of the set what its applications cannot reach, and the optional files that nobody asks for.
func (p *plan) fit(ctx context.Context) (err error) {
	if p.request == nil {
		return nil
	}
	for _, in := range p.given {
		p.request.Loaded = append(p.request.Loaded, in.methods.Loaded()...)
	}
	if p.fitted, err = fit.Plan(ctx, p.set.tree, *p.request); err != nil {
		return err
	}
	p.upgraded = append(p.upgraded, p.fitted.Upgraded...)
	p.set.tree, err = p.fitting(p.set.tree)
	return err
}

// fitting gives the set, or a tree of its files, without what is left out.
func (p *plan) fitting(t *tree.Map) (*tree.Map, error) {
	if p.fitted == nil {
		return t, nil
	}
	return p.fitted.Apply(t)
}

// leftOut lists what the root does not have of the set.
func (p *plan) leftOut() []manifest.LeftOut {
	if p.fitted == nil {
		return nil
	}
	return p.fitted.LeftOut
}

// withoutFeatures names the optional features that the root does without.
func (p *plan) withoutFeatures() []string {
	if p.fitted == nil {
		return nil
	}
	return p.fitted.Features
}

// fitOptions gives the options of the build record that say how the root was fitted. Applications go by the names of
// their folders.
func (p *plan) fitOptions(options map[string]string) map[string]string {
	var apps []string
	for _, spec := range p.Fit {
		apps = append(apps, cmp.Or(plainBase(spec), "app"))
	}
	for name, list := range map[string][]string{"app": p.guestName(), "fit": apps, "keep": p.Keep, "without": p.withoutFeatures()} {
		if len(list) == 0 {
			continue
		}
		if options == nil {
			options = map[string]string{}
		}
		options[name] = strings.Join(list, ",")
	}
	return options
}

// plainBase gives the last part of a path, "" where that says nothing.
func plainBase(spec string) string {
	abs, err := filepath.Abs(spec)
	if err != nil {
		return ""
	}
	return strings.Trim(filepath.Base(abs), `/\.`)
}
