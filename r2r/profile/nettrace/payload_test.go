package nettrace

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// names are those of a method, as events carry them.
var names = strz("N.T") + strz("M") + strz("void  ()")

var method1 = Method{Namespace: "N.T", Name: "M", Signature: "void  ()"}

// payloads are one event of each kind, decoded. What follows the fields belongs to later versions.
var payloads = []struct {
	name    string
	payload string
	decode  func([]byte) (any, error)
	want    any
}{
	{"BulkType", u32(2) + u16(9) +
		u64(0x11) + u64(0x22) + u32(0x02000003) + u32(0) + "\x12" + strz("") + u32(2) + u64(0x33) + u64(0x44) +
		u64(0x55) + u64(0) + u32(0) + u32(8|2<<8) + "\x14" + strz("é𝄞") + u32(1) + u64(0x11),
		erase(DecodeBulkType), []Type{
			{ID: 0x11, Module: 0x22, Token: 0x02000003, ElementType: 0x12, Arguments: []uint64{0x33, 0x44}},
			{ID: 0x55, Flags: 0x208, ElementType: 0x14, Name: "é𝄞", Arguments: []uint64{0x11}},
		}},
	{"MethodDetails", u64(1) + u64(2) + u32(0x06000003) + u32(2) + u64(4) + u64(5) + u64(6),
		erase(DecodeMethodDetails), MethodDetails{Method: 1, Type: 2, Token: 0x06000003, LoaderModule: 4, Arguments: []uint64{5, 6}}},
	{"MethodLoadVerbose", u64(1) + u64(2) + u64(3) + u32(4) + u32(0x06000005) + u32(3<<7|1) + names,
		erase(DecodeMethodLoadVerbose), MethodLoad{Method: method1, ID: 1, Module: 2, Start: 3, Size: 4, Token: 0x06000005, Flags: 0x181}},
	{"MethodJittingStarted", u64(1) + u64(2) + u32(0x06000003) + u32(4) + names,
		erase(DecodeMethodJittingStarted), JittingStarted{Method: method1, ID: 1, Module: 2, Token: 0x06000003, ILSize: 4}},
	{"R2RGetEntryPoint", u64(1) + names + u64(1<<40) + u16(9),
		erase(DecodeR2RGetEntryPoint), EntryPoint{Method: method1, ID: 1, Address: 1 << 40}},
	{"R2RGetEntryPoint of a 32-bit process", u64(1) + names + u32(1<<30) + u16(9),
		erase(DecodeR2RGetEntryPoint), EntryPoint{Method: method1, ID: 1, Address: 1 << 30}},
	{"ModuleLoad", u64(1) + u64(2) + u32(3) + u32(0) + strz("/a.dll") + strz("/a.so"),
		erase(DecodeModuleLoad), ModuleLoad{ID: 1, Assembly: 2, Flags: 3, ILPath: "/a.dll", NativePath: "/a.so"}},
	{"AssemblyLoad", u64(1) + u64(2) + u64(3) + u32(2) + strz("A, Version=1.0.0.0"),
		erase(DecodeAssemblyLoad), AssemblyLoad{ID: 1, Flags: 2, Name: "A, Version=1.0.0.0"}},
}

func erase[T any](decode func([]byte) (T, error)) func([]byte) (any, error) {
	return func(payload []byte) (any, error) { return decode(payload) }
}

func TestPayloads(t *testing.T) {
	for _, c := range payloads {
		got, err := c.decode([]byte(c.payload))
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, err, diff)
		}
		if strings.HasPrefix(c.name, "R2R") {
			continue // told by its length, see below
		}
		if got, err := c.decode([]byte(c.payload + "later version")); err != nil || !cmp.Equal(c.want, got) {
			t.Errorf("%s with more fields: %v, %v", c.name, got, err)
		}
		for n := range c.payload {
			if got, err := c.decode([]byte(c.payload[:n])); err == nil {
				t.Errorf("%s: %d of %d bytes are %v", c.name, n, len(c.payload), got)
			}
		}
	}
}

func TestCutEntryPoint(t *testing.T) {
	whole := u64(1) + names
	for n := range len(whole) + 4 {
		if got, err := DecodeR2RGetEntryPoint([]byte((whole + u32(7))[:n])); err == nil {
			t.Errorf("%d bytes are %v", n, got)
		}
	}
}

func TestTypesAndTiers(t *testing.T) {
	array := Type{Flags: 8 | 2<<8}
	if !array.IsArray() || array.Rank() != 2 || (Type{}).IsArray() {
		t.Errorf("array %v of rank %d", array.IsArray(), array.Rank())
	}
	load := MethodLoad{Flags: uint32(TierOptimizedTier1OSR)<<7 | 1}
	if load.Tier() != TierOptimizedTier1OSR || !load.Dynamic() || (MethodLoad{Flags: 6}).Dynamic() {
		t.Errorf("tier %d, dynamic %v", load.Tier(), load.Dynamic())
	}
}

// Counts of elements are no reason to allocate.
func TestHugeCounts(t *testing.T) {
	for name, decode := range map[string]func() error{
		"types": func() error { _, err := DecodeBulkType([]byte(u32(1<<32-1) + u16(0))); return err },
		"arguments": func() error {
			_, err := DecodeMethodDetails([]byte(u64(1) + u64(2) + u32(3) + u32(1<<32-1) + u64(4)))
			return err
		},
	} {
		if n := testing.AllocsPerRun(1, func() {
			if decode() == nil {
				t.Errorf("%s: no error", name)
			}
		}); n > 20 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// The first version of ModuleLoad ends with the paths; the second tells the symbols.
func TestModuleLoadWithSymbols(t *testing.T) {
	payload := u64(1) + u64(2) + u32(0x20) + u32(0) + strz("/a.dll") + strz("") + u16(9) + "0123456789abcdef" + u32(3) + strz("/a.pdb")
	want := ModuleLoad{ID: 1, Assembly: 2, Flags: 0x20, ILPath: "/a.dll", PDB: PDB{GUID: [16]byte([]byte("0123456789abcdef")), Age: 3}}
	if got, err := DecodeModuleLoad([]byte(payload)); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	want.PDB = PDB{}
	cut := len(payload) - len(strz("/a.pdb")) - 1
	if got, err := DecodeModuleLoad([]byte(payload[:cut])); err != nil || got != want {
		t.Errorf("cut: %+v, %v", got, err)
	}
}
