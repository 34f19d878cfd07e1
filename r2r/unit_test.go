package r2r

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

func TestFlagNames(t *testing.T) {
	for _, c := range []struct {
		flags Flags
		want  string
	}{
		{0, ""},
		{0x4B, "PlatformNeutralSource|SkipTypeValidation|NonSharedPInvokeStubs|MultiModuleVersionBubble"},
		{0x69, "PlatformNeutralSource|NonSharedPInvokeStubs|Component|MultiModuleVersionBubble"},
		{0xF94, "Partial|EmbeddedMSIL|UnrelatedR2RCode|PlatformNativeImage|StrippedILBodies|StrippedInliningInfo|StrippedDebugInfo"},
		{0x80001000, "0x80001000"},
	} {
		if got := c.flags.String(); got != c.want {
			t.Errorf("%#x: %s", uint32(c.flags), got)
		}
	}
}

func TestSectionNames(t *testing.T) {
	for id, want := range map[SectionID]string{
		99: "section 99", 100: "CompilerIdentifier", 103: "MethodDefEntryPoints", 109: "InstanceMethodEntryPoints",
		115: "ComponentAssemblies", 116: "OwnerCompositeExecutable", 118: "ManifestAssemblyMvids", 123: "TypeGenericInfoMap",
		126: "TypeMapAssemblyTargets", 127: "section 127",
	} {
		if got := id.String(); got != want {
			t.Errorf("%d: %s", uint32(id), got)
		}
	}
}

func TestFixupList(t *testing.T) {
	for _, c := range []struct {
		name  string
		list  []byte
		want  []Fixup
		fails bool
	}{
		{"none", nil, nil, false},
		// Section 5: cells 1 and 3; end of cells; end of list. Nibbles 5 1 2 0 0.
		{"one section", []byte{0x15, 0x02, 0x00}, []Fixup{{5, 1}, {5, 3}}, false},
		// Section 5: cell 8, which takes two groups, 1|8 0; then section 6: cell 0. Nibbles 5 9 0 0 1 0 0 0.
		{"two sections", []byte{0x95, 0x00, 0x01, 0x00}, []Fixup{{5, 8}, {6, 0}}, false},
		{"cut off", []byte{0x15}, []Fixup{{5, 1}}, true},
		{"empty", []byte{}, nil, true},
	} {
		var got []Fixup
		var failure error
		for f, err := range Fixups(c.list) {
			if failure = err; err == nil {
				got = append(got, f)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" || (failure != nil) != c.fails {
			t.Errorf("%s: %s %v", c.name, diff, failure)
		}
	}
}

func TestEntryPoint(t *testing.T) {
	for _, c := range []struct {
		name   string
		data   []byte
		offset uint32
		want   EntryPoint
		fails  bool
	}{
		{"without fixups", []byte{3 << 1 << 1}, 0, EntryPoint{RuntimeFunction: 3}, false},
		{"fixups behind it", []byte{(3<<2 | 1) << 1, 0xAB}, 0, EntryPoint{3, []byte{0xAB}}, false},
		{"fixups before it", []byte{0xCD, (3<<2 | 3) << 1, 2 << 1}, 1, EntryPoint{3, []byte{0xCD, (3<<2 | 3) << 1, 2 << 1}}, false},
		{"fixups before the table", []byte{(3<<2 | 3) << 1, 9 << 1}, 0, EntryPoint{}, true},
		{"unknown function", []byte{4 << 1 << 1}, 0, EntryPoint{}, true},
		{"outside", []byte{0}, 1, EntryPoint{}, true},
	} {
		got, err := readEntryPoint(c.data, c.offset, 4)
		if diff := cmp.Diff(c.want, got); (err != nil) != c.fails || !c.fails && diff != "" {
			t.Errorf("%s: %s %v", c.name, diff, err)
		}
	}
}

func TestMethodSignature(t *testing.T) {
	typeDef := func(rid uint32) ecma335.Token { return ecma335.NewToken(ecma335.TypeDef, rid) }
	methodDef := func(rid uint32) ecma335.Token { return ecma335.NewToken(ecma335.MethodDef, rid) }
	for _, c := range []struct {
		name string
		data string
		want MethodSignature
	}{
		{"method of a generic class over __Canon", "\x40\x15\x12\x20\x01\x3E\x5D",
			MethodSignature{Flags: 0x40, Owner: TypeName{0, typeDef(8), 0x12}, Method: methodDef(0x5D)}},
		{"generic method over int", "\x04\x3A\x01\x08",
			MethodSignature{Flags: 0x04, Method: methodDef(0x3A), Arguments: 1}},
		{"of another module", "\x44\x3F\x0D\x15\x11\x20\x01\x08\x07\x01\x1C",
			MethodSignature{Flags: 0x44, Owner: TypeName{13, typeDef(8), 0x11}, Method: methodDef(7), Arguments: 1}},
		{"of a primitive type", "\x44\x07\x09\x01\x0E",
			MethodSignature{Flags: 0x44, Owner: TypeName{0, 0, 0x07}, Method: methodDef(9), Arguments: 1}},
		{"with a context", "\x80\x84\x05\x09\x01\x1D\x08",
			MethodSignature{Flags: 0x84, Owner: TypeName{Module: 5}, Method: methodDef(9), Arguments: 1}},
		{"array, pointer, reference and function pointer", "\x04\x01\x04\x14\x08\x02\x01\x03\x00\x0F\x08\x10\x08\x1B\x00\x01\x01\x08",
			MethodSignature{Flags: 0x04, Method: methodDef(1), Arguments: 4}},
		{"constrained member reference", "\x30\x02\x12\x04",
			MethodSignature{Flags: 0x30, Method: ecma335.NewToken(ecma335.MemberRef, 2)}},
		{"slot", "\x48\x1D\x08\x02",
			MethodSignature{Flags: 0x48, Owner: TypeName{0, 0, 0x1D}}},
	} {
		c.want.Signature = []byte(c.data)
		got, err := readMethodSignature([]byte(c.data + "\xFF\xFF"))
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %s %v", c.name, diff, err)
		}
		for n := range len(c.data) {
			if _, err := readMethodSignature([]byte(c.data[:n])); err == nil {
				t.Errorf("%s: cut to %d bytes it is read", c.name, n)
			}
		}
	}
}

func TestMalformedSignature(t *testing.T) {
	for name, data := range map[string]string{
		"unknown element":   "\x40\x30\x01",
		"nil token":         "\x40\x12\x00\x01",
		"deep":              "\x40" + strings.Repeat("\x1D", 100) + "\x08\x01",
		"too long":          "\x04\x01\xDF\xFF\xFF\xFF" + strings.Repeat("\x08", 1<<17),
		"malformed integer": "\xFF",
	} {
		if s, err := readMethodSignature([]byte(data)); err == nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestModuleIndex follows the table of the format's description: own references, the manifest, the manifest's references.
func TestModuleIndex(t *testing.T) {
	own := parseFile(t, "testdata/Fx.Legacy.win.dll")
	var want []string
	for rid := range own.Metadata.Rows(ecma335.AssemblyRef) {
		name, err := assemblyRefName(own.Metadata, rid+1)
		check(t, err)
		want = append(want, name)
	}
	want = append([]string{"Fx.Legacy"}, append(want, "")...)
	var got []string
	for module := range uint32(len(want)) {
		name, err := own.ModuleName(module)
		check(t, err)
		got = append(got, name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("single image: %q, want %q", got, want)
	}
	if name, err := own.ModuleName(uint32(len(want))); err == nil {
		t.Errorf("the empty manifest gives %q", name)
	}
	composite := parseFile(t, "testdata/tiny.r2r.dll")
	for module, want := range []string{"", "", "Fx.Consts", "Fx.Facade", "Fx.Native"} {
		name, err := composite.ModuleName(uint32(module))
		if index := composite.component(uint32(module)); err != nil || name != want || index != max(module-2, -1) {
			t.Errorf("composite: module %d is %q, component %d: %v", module, name, index, err)
		}
	}
}
