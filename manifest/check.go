package manifest

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r"
)

var (
	// plainName is what may be part of a file name on every system.
	plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)
	octalMode = regexp.MustCompile(`^0[0-7]{3}$`)
	hexDigits = regexp.MustCompile(`^[0-9a-f]+$`)
	mvidForm  = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	r2rNumber = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)
)

// checker gathers the first thing that is wrong.
type checker struct{ err error }

func (c *checker) fail(where, format string, args ...any) {
	if c.err == nil {
		c.err = fault.New(where, format, args...)
	}
}

func (c *checker) name(where, s string) {
	if !plainName.MatchString(s) {
		c.fail(where, "%q is not a plain name (letters, digits and . _ + -)", s)
	}
}

// text refuses what is empty and what would name a place on the machine that built.
func (c *checker) text(where, s string) {
	if s == "" {
		c.fail(where, "is empty")
	}
	if strings.HasPrefix(s, "/") || strings.Contains(s, `\`) || len(s) > 2 && s[1:3] == ":/" {
		c.fail(where, "%q names a place on one machine", s)
	}
}

func (c *checker) path(where, s string) {
	if !fs.ValidPath(s) || s == "." || strings.ContainsAny(s, "\x00\\") {
		c.fail(where, "%q is not a path inside a root", s)
	}
}

// digest wants lower-case hex digits of that many bytes.
func (c *checker) digest(where, s string, bytes int) {
	if len(s) != 2*bytes || !hexDigits.MatchString(s) {
		c.fail(where, "%q is not a digest of %d lower-case hex digits", s, 2*bytes)
	}
}

// mvid wants the usual form of a module version id, or nothing.
func (c *checker) mvid(where, s string) {
	if s != "" && !mvidForm.MatchString(s) {
		c.fail(where, "%q is not a module version id", s)
	}
}

func (c *checker) size(where string, n int64) {
	if n < 0 {
		c.fail(where, "%d is not a size", n)
	}
}

func (c *checker) once(seen map[string]bool, where, key string) {
	if seen[key] {
		c.fail(where, "%q occurs twice", key)
	}
	seen[key] = true
}

// Check gives the first thing that is wrong with a manifest, nil for one that Write takes and Read gives back.
func (m *Manifest) Check() error {
	c := &checker{}
	if _, err := newerMinor(m.SchemaVersion); err != nil {
		return err
	}
	c.name("product", m.Product)
	c.name("version", m.Version)
	c.name("rid", m.RID)
	c.text("tool.name", m.Tool.Name)
	c.text("tool.version", m.Tool.Version)
	for i, f := range m.Frameworks {
		c.name(at("frameworks", i, "name"), f.Name)
		c.name(at("frameworks", i, "version"), f.Version)
	}
	m.checkImages(c)
	m.checkArchives(c)
	m.checkFiles(c)
	if c.err == nil && m.Build != nil {
		c.err = m.Build.check()
	}
	return c.err
}

func (m *Manifest) checkImages(c *checker) {
	for i, x := range m.Composites {
		c.path(at("composites", i, "path"), x.Path)
		if x.Name != path.Base(x.Path) {
			c.fail(at("composites", i, "name"), "%q is not the file name of %q", x.Name, x.Path)
		}
		if !r2rNumber.MatchString(x.R2RVersion) {
			c.fail(at("composites", i, "r2rVersion"), "%q is not of the form major.minor", x.R2RVersion)
		}
		c.text(at("composites", i, "arch"), x.Arch)
		c.text(at("composites", i, "os"), x.OS)
		for k, member := range x.Members {
			c.text(at("composites", i, at("members", k, "name")), member.Name)
			c.mvid(at("composites", i, at("members", k, "mvid")), member.MVID)
		}
	}
	for i, x := range m.Excluded {
		c.path(at("excluded", i, "path"), x.Path)
		c.text(at("excluded", i, "name"), x.Name)
		c.mvid(at("excluded", i, "mvid"), x.MVID)
		if x.Kind != r2r.KindIL && x.Kind != r2r.KindR2R {
			c.fail(at("excluded", i, "kind"), "%q is neither il nor r2r", x.Kind)
		}
	}
}

func (m *Manifest) checkArchives(c *checker) {
	seen := map[string]bool{}
	for i, a := range m.Archives {
		where := at("archives", i, "")
		c.name(where+".name", a.Name)
		c.once(seen, where+".name", a.Name)
		c.name(where+".format", a.Format)
		c.size(where+".size", a.Size)
		c.digest(where+".sha256", a.SHA256, 32)
		c.digest(where+".sha512", a.SHA512, 64)
	}
}

func (m *Manifest) checkFiles(c *checker) {
	seen := map[string]bool{}
	for i, f := range m.Files {
		where := at("files", i, "")
		c.path(where+".path", f.Path)
		c.once(seen, where+".path", f.Path)
		if !octalMode.MatchString(f.Mode) {
			c.fail(where+".mode", "%q is not of the form 0644", f.Mode)
		}
		c.size(where+".size", f.Size)
		if f.Link == "" {
			c.digest(where+".sha256", f.SHA256, 32)
		} else if f.SHA256 != "" || f.Size != 0 {
			c.fail(where, "a link has a target alone, no size and no digest")
		}
	}
}

func (b *Build) check() error {
	c := &checker{}
	c.text("toolVersion", b.ToolVersion)
	c.text("engine", b.Engine)
	if b.Compiler != nil {
		c.text("compiler.name", b.Compiler.Name)
		c.text("compiler.version", b.Compiler.Version)
		c.digest("compiler.sha256", b.Compiler.SHA256, 32)
	}
	for i, p := range b.Profiles {
		c.text(at("profiles", i, "name"), p.Name)
		c.digest(at("profiles", i, "sha256"), p.SHA256, 32)
	}
	for _, name := range slices.Sorted(maps.Keys(b.Options)) {
		c.text("options", name)
		if value := b.Options[name]; value != "" {
			c.text("options."+name, value)
		}
	}
	b.checkInputs(c)
	b.checkLists(c)
	return c.err
}

func (b *Build) checkInputs(c *checker) {
	for i, in := range b.Inputs {
		c.text(at("inputs", i, "name"), in.Name)
		c.size(at("inputs", i, "size"), in.Size)
		c.digest(at("inputs", i, "sha256"), in.SHA256, 32)
		if in.SHA512 != "" {
			c.digest(at("inputs", i, "sha512"), in.SHA512, 64)
		}
	}
}

func (b *Build) checkLists(c *checker) {
	if b.RID != "" {
		c.name("rid", b.RID)
	}
	for i, s := range b.InstructionSets {
		c.text(at("instructionSets", i, ""), s)
	}
	seen := map[string]bool{}
	for i, s := range b.Rooted {
		c.text(at("rooted", i, ""), s)
		c.once(seen, at("rooted", i, ""), s)
	}
	for i, x := range b.Excluded {
		c.text(at("excluded", i, "name"), x.Name)
		c.text(at("excluded", i, "reason"), x.Reason)
	}
	paths := map[string]bool{}
	for i, x := range b.LeftOut {
		c.path(at("leftOut", i, "path"), x.Path)
		c.once(paths, at("leftOut", i, "path"), x.Path)
		c.text(at("leftOut", i, "reason"), x.Reason)
	}
}

// at names an item of a list as JSON tools do: files[3].path.
func at(list string, i int, field string) string {
	if field == "" {
		return fmt.Sprintf("%s[%d]", list, i)
	}
	return fmt.Sprintf("%s[%d].%s", list, i, field)
}

// equalName compares simple names of assemblies, which ignore case.
func equalName(a, b string) bool { return strings.EqualFold(a, b) }
