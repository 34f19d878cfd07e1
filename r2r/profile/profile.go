// Package profile knows lists of methods: from EventPipe traces, from and to .mibc profiles for the compiler, and by names
// that survive servicing. It finds the methods that these name in the assemblies at hand.
package profile

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// Profile is a parsed .mibc file. It refers to the bytes it was parsed from, which must not change while it is used.
//
// The format is that of dotnet/runtime, src/coreclr/tools/dotnet-pgo/MibcEmitter.cs (writer) and
// src/coreclr/tools/Common/Pgo/../MIbcProfileParser.cs (the compiler's reader): the global method AssemblyDictionary
// holds, for each group, ldstr NAME, ldtoken METHOD, pop; the body of METHOD holds the records.
type Profile struct {
	Groups   []Group
	Metadata *ecma335.Metadata

	data []byte // of the module
}

// Group is a list of records that counts only if all assemblies it names are compiled together.
type Group struct {
	Assemblies []string // simple names, the one that defines the methods first; empty if the group has no name
	Records    []Record

	body  bodyPlace
	parts []span // of the code that remain when it is stripped, record by record
}

// Record is one method of a group.
type Record struct {
	Method ecma335.Token // a MethodDef, MemberRef or MethodSpec of the profile
	// Instrumented says that counts and likely types of a run come with the method.
	Instrumented bool

	parts uint32 // how many parts of the group are the record's
}

// span is a range of a group's code.
type span struct{ from, to uint32 }

// bodyPlace is where the body of a group's method lies in the file.
type bodyPlace struct {
	at     uint32 // of its header
	header uint32 // size of the header: 1 or 12
	size   uint32 // of the code
}

func (b bodyPlace) code(data []byte) []byte { return data[b.at+b.header:][:b.size] }

// Count gives the number of records in all groups.
func (p *Profile) Count() int {
	n := 0
	for _, g := range p.Groups {
		n += len(g.Records)
	}
	return n
}

// Parse reads a profile: a .NET module, or a zip archive that holds one. Name is the file's, for errors.
func Parse(name string, data []byte) (*Profile, error) {
	module, err := unwrap(data)
	if err != nil {
		return nil, asFault(err, name)
	}
	p, err := parseModule(module)
	if err != nil {
		return nil, asFault(err, name)
	}
	return p, nil
}

func asFault(err error, name string) error {
	return &fault.Error{Where: name, What: "is no profile that crossgen2 could read", Err: err,
		Hint: "name a .mibc file, such as a runtime pack's tools/StandardOptimizationData.mibc"}
}

func parseModule(data []byte) (*Profile, error) {
	file, err := pe.Parse(data)
	if err != nil {
		return nil, err
	}
	header, err := file.CLI()
	if err != nil {
		return nil, err
	}
	if header == nil {
		return nil, fmt.Errorf("the image has no CLI header")
	}
	root, err := file.In(header.MetaData)
	if err != nil {
		return nil, err
	}
	md, err := ecma335.Parse(root)
	if err != nil {
		return nil, err
	}
	groups, err := newDecoder(file, md).dictionary()
	if err != nil {
		return nil, err
	}
	return &Profile{Groups: groups, Metadata: md, data: data}, nil
}

const dictionaryMethod = "AssemblyDictionary"

// dictionary finds the list of groups and reads all groups.
func (d *decoder) dictionary() ([]Group, error) {
	for rid := uint32(1); rid <= d.md.Rows(ecma335.MethodDef); rid++ {
		row, err := d.md.MethodDef(rid)
		if err != nil {
			return nil, err
		}
		name, err := d.md.StringBytes(row.Name)
		if err != nil {
			return nil, err
		}
		if string(name) == dictionaryMethod {
			return d.groups(row.RVA)
		}
	}
	return nil, fmt.Errorf("the module has no method %s", dictionaryMethod)
}

// groups reads the list, then the records of each group. Bodies must not overlap: that bounds the work by the size of
// the file, and lets Strip shorten each where it lies.
func (d *decoder) groups(dictionary uint32) ([]Group, error) {
	place, err := d.body(dictionary)
	if err != nil {
		return nil, err
	}
	c := cursor{code: place.code(d.file.Data()), what: dictionaryMethod}
	places := []bodyPlace{place}
	var groups []Group
	for c.more() {
		name, method := c.take(opLdstr), c.take(opLdtoken)
		c.take(opPop)
		if c.err != nil {
			return nil, c.err
		}
		g, err := d.group(name, ecma335.Token(method))
		if err != nil {
			return nil, err
		}
		groups, places = append(groups, g), append(places, g.body)
	}
	if c.err == nil {
		c.err = checkApart(places)
	}
	if c.err != nil {
		return nil, c.err
	}
	return groups, d.readAll(groups)
}

// readAll reads the records of all groups, on all processors. What is wrong with the first group that is wrong counts.
func (d *decoder) readAll(groups []Group) error {
	errs := make([]error, len(groups))
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		own := newDecoder(d.file, d.md)
		wg.Go(func() {
			for i := taken.Add(1) - 1; i < int64(len(groups)); i = taken.Add(1) - 1 {
				errs[i] = own.records(&groups[i])
			}
		})
	}
	wg.Wait()
	return cmp.Or(errs...)
}

func checkApart(places []bodyPlace) error {
	places = slices.SortedFunc(slices.Values(places), func(a, b bodyPlace) int { return cmp.Compare(a.at, b.at) })
	for i, b := range places[1:] {
		if a := places[i]; a.at+a.header+a.size > b.at {
			return fmt.Errorf("the method bodies at file offsets %#x and %#x overlap", a.at, b.at)
		}
	}
	return nil
}

// group finds the body of a group; its records are read later.
func (d *decoder) group(name uint32, method ecma335.Token) (Group, error) {
	text, err := d.userString(name)
	if err != nil {
		return Group{}, err
	}
	if method.Table() != ecma335.MethodDef {
		return Group{}, fmt.Errorf("group %q: token %s is no method of the profile", text, method)
	}
	row, err := d.md.MethodDef(method.RID())
	if err != nil {
		return Group{}, fmt.Errorf("group %q: %w", text, err)
	}
	g := Group{Assemblies: strings.FieldsFunc(text, func(r rune) bool { return r == ';' })}
	if g.body, err = d.body(row.RVA); err != nil {
		return Group{}, fmt.Errorf("group %q: %w", text, err)
	}
	return g, nil
}
