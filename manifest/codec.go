package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// maxSize is the largest manifest that is read, in bytes. One of a whole framework has about 100 KB.
const maxSize = 16 << 20

// Write writes a manifest as SchemaVersion says: checked, sorted, two spaces a level, one newline at the end. Equal manifests give equal
// bytes whatever the order of their lists.
func Write(w io.Writer, m *Manifest) error {
	sorted := m.sorted()
	sorted.SchemaVersion = SchemaVersion
	if err := sorted.Check(); err != nil {
		return fault.Wrap(err, m.FileName(), "is not a manifest that can be written")
	}
	data, err := encode(sorted)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// Read reads a manifest and checks it. Fields it does not know are an error, unless the manifest is of a higher minor
// version than SchemaVersion; one of another major version is always an error.
func Read(r io.Reader) (*Manifest, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	var m Manifest
	if err := decode(data, &m); err != nil {
		return nil, err
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	return m.sorted(), nil
}

func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return buf.Bytes(), err
}

func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err == nil && len(data) > maxSize {
		err = fault.New("", "is larger than %d MiB", maxSize>>20)
	}
	return data, err
}

// decode reads one JSON value of a version this package knows, and nothing behind it.
func decode(data []byte, v any) error {
	var head struct {
		SchemaVersion string `json:"schemaVersion"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return fault.Wrap(plain(err), "", "is not JSON of the expected form")
	}
	newer, err := newerMinor(head.SchemaVersion)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if !newer {
		dec.DisallowUnknownFields()
	}
	return fault.Wrap(plain(dec.Decode(v)), "", "is not JSON of the expected form")
}

// plain takes the name of the Go package out of a JSON error.
func plain(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// newerMinor says whether a document of that version may have fields this package does not know.
func newerMinor(version string) (bool, error) {
	major, minor, ok := parseVersion(version)
	wantMajor, wantMinor, _ := parseVersion(SchemaVersion)
	switch {
	case !ok:
		return false, fault.New("schemaVersion", "%q is not of the form major.minor", version)
	case major != wantMajor:
		return false, fault.New("schemaVersion", "%s cannot be read, only %d.x", version, wantMajor).
			WithHint("use a version of r2rpack that knows it")
	}
	return minor > wantMinor, nil
}

func parseVersion(s string) (major, minor uint64, ok bool) {
	a, b, found := strings.Cut(s, ".")
	major, errA := strconv.ParseUint(a, 10, 16)
	minor, errB := strconv.ParseUint(b, 10, 16)
	return major, minor, found && errA == nil && errB == nil
}

func recordError(err error) error {
	return fault.Wrap(err, BuildRecordPath, "the build record cannot be used")
}

// sorted gives a copy whose lists are in their documented order; what is shared with m is not changed.
func (m *Manifest) sorted() *Manifest {
	c := *m
	c.Frameworks = sortedBy(m.Frameworks, func(f Framework) string { return f.Name + "\x00" + f.Version })
	c.Composites = sortedBy(m.Composites, func(x Composite) string { return x.Path })
	c.Excluded = sortedBy(m.Excluded, func(x Excluded) string { return x.Path })
	c.Archives = sortedBy(m.Archives, func(a Archive) string { return a.Name })
	c.Files = sortedBy(m.Files, func(f File) string { return f.Path })
	for i := range c.Composites {
		c.Composites[i].Members = append([]Member{}, c.Composites[i].Members...)
	}
	if m.Build != nil {
		c.Build = m.Build.sorted()
	}
	return &c
}

func (b *Build) sorted() *Build {
	c := *b
	c.Inputs = sortedBy(b.Inputs, func(i Input) string { return i.Name + "\x00" + i.Version })
	c.Rooted = sortedBy(b.Rooted, func(s string) string { return s })
	c.Excluded = sortedBy(b.Excluded, func(x Exclusion) string { return x.Name })
	c.LeftOut = sortedBy(b.LeftOut, func(x LeftOut) string { return x.Path })
	return &c
}

// sortedBy gives a sorted copy, never nil: an empty list is written as [], not as null.
func sortedBy[T any](list []T, key func(T) string) []T {
	c := append([]T{}, list...)
	slices.SortStableFunc(c, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	return c
}
