package compose

import (
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
)

// assembly is an assembly of the set and what becomes of it.
type assembly struct {
	layout.ManagedFile
	member bool
	rooted bool   // of a member: compiled whole, not only as it is reached
	reason string // of one that is not a member: why

	byDefault bool // the recipe leaves it out
	separate  bool // it is compiled by itself
}

// choose decides which assemblies become members of a composite, and which are rooted. Lists that match nothing are
// errors: a misspelt list must not silently give another framework.
func choose(files []layout.ManagedFile, recipe crossgen.Recipe, o Options) ([]assembly, error) {
	lists, err := readLists(recipe, o)
	if err != nil {
		return nil, err
	}
	var out []assembly
	for _, f := range files {
		if err := refuseComposite(f); err != nil {
			return nil, err
		}
		a := assembly{ManagedFile: f, reason: lists.keepOut(f, o.Scope)}
		a.member = a.reason == ""
		a.byDefault = lists.byDefault && a.reason == lists.excludeReason
		a.rooted = a.member && (lists.roots == nil || lists.roots.has(f.Name))
		out = append(out, a)
	}
	if err := lists.refuseUnused(o); err != nil {
		return nil, err
	}
	return out, nil
}

func refuseComposite(f layout.ManagedFile) error {
	switch f.Info.Kind {
	case r2r.KindComponent, r2r.KindComposite:
		return fault.New(f.Path, "is part of a composite image already").WithHint("compose takes frameworks and applications as they were published, without composite images")
	}
	return nil
}

// refuseNothing refuses a choice without members. It names the assembly that came furthest: one that was asked for.
func refuseNothing(list []assembly) error {
	var why string
	for _, a := range list {
		switch {
		case a.member:
			return nil
		case why == "" || a.reason == withoutCode || a.reason == outsideHome:
			why = a.Name + ": " + a.reason
		}
	}
	if why == "" {
		return fault.New("the set", "has no assembly")
	}
	hint := "--members, --exclude and --scope choose; without them all assemblies are taken"
	if strings.HasSuffix(why, withoutCode) {
		hint = "the link engine takes code that is there: publish with PublishReadyToRun"
	}
	return fault.New("the set", "leaves no assembly to compose (%s)", why).WithHint("%s", hint)
}

// lists are the name lists that steer the choice; nil means that there is no such list.
type lists struct {
	members, exclude, roots *nameSet
	excludeReason           string
	byDefault               bool // exclude is the recipe's
}

func readLists(recipe crossgen.Recipe, o Options) (*lists, error) {
	l := &lists{}
	for _, file := range []struct {
		option, path string
		set          **nameSet
	}{{"members", o.Members, &l.members}, {"roots", o.Roots, &l.roots}} {
		if file.path == "" {
			continue
		}
		names, err := readNames(file.option, file.path)
		if err != nil {
			return nil, err
		}
		*file.set = newNameSet(names)
	}
	if l.roots == nil && len(recipe.Roots) > 0 {
		l.roots = newNameSet(recipe.Roots)
	}
	return l, l.readExclude(recipe, o)
}

func (l *lists) readExclude(recipe crossgen.Recipe, o Options) error {
	switch {
	case o.Exclude == ExcludeNone:
	case o.Exclude != "":
		names, err := readNames("exclude", o.Exclude)
		if err != nil {
			return err
		}
		l.exclude, l.excludeReason = newNameSet(names), "named by --exclude"
	case len(o.Fit) > 0 || o.App != "":
		l.exclude, l.excludeReason = newNameSet(o.upgraded), "the application brings a higher version"
	case len(recipe.Exclude) > 0:
		l.byDefault = true
		l.exclude, l.excludeReason = newNameSet(recipe.Exclude), "apps upgrade it through packages (default of recipe "+recipe.Name+")"
	}
	return nil
}

// keepOut gives the reason why an assembly does not become a member, or "".
func (l *lists) keepOut(f layout.ManagedFile, scope string) string {
	switch {
	case scope == ScopeNETCore && f.Framework != layout.NETCore, scope == ScopeASPNETCore && f.Framework == layout.NETCore:
		return "outside --scope " + scope
	case l.members != nil && !l.members.has(f.Name):
		return "not named by --members"
	case l.exclude != nil && l.exclude.has(f.Name):
		return l.excludeReason
	}
	return ""
}

func (l *lists) refuseUnused(o Options) error {
	for _, list := range []struct {
		set        *nameSet
		flag, file string
	}{{l.members, "--members", o.Members}, {l.exclude, "--exclude", o.Exclude}, {l.roots, "--roots", o.Roots}} {
		if list.set != nil && list.file != "" && list.set.matchedNone() {
			return fault.New(list.file, "no name of %s matches an assembly of the set: %s", list.flag, strings.Join(list.set.names, ", ")).
				WithHint("names are simple names without a path, such as System.Text.Json; r2rpack inspect lists them")
		}
	}
	return nil
}

// exclusions lists what stays out, for the build record.
func exclusions(list []assembly) []manifest.Exclusion {
	var out []manifest.Exclusion
	for _, a := range list {
		if !a.member {
			out = append(out, manifest.Exclusion{Name: a.Name, Reason: a.reason})
		}
	}
	return out
}

// rootedNames lists the members that are compiled whole.
func rootedNames(list []assembly) []string {
	var out []string
	for _, a := range list {
		if a.rooted {
			out = append(out, a.Name)
		}
	}
	return out
}
