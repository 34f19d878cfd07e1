package nettrace

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runtimeTrace gives a trace of runtime events, each given by its id and payload, in one block.
func runtimeTrace(events ...string) string {
	data, numbers := head, map[string]uint32{}
	body := blockHead(1)
	for i, e := range events {
		id, payload, _ := strings.Cut(e, ":")
		if numbers[id] == 0 {
			numbers[id] = uint32(i + 1)
			data = define(data, numbers[id], RuntimeProvider, idNumber(id), 0)
		}
		body += "\x81" + string(binary.AppendUvarint(nil, uint64(numbers[id]))) + "\x01" +
			string(binary.AppendUvarint(nil, uint64(len(payload)))) + payload
	}
	return object(data, "EventBlock", body) + end
}

func idNumber(text string) uint32 {
	var n uint32
	for _, c := range text {
		n = 10*n + uint32(c-'0')
	}
	return n
}

// Events for a generic method N.T.M of the assembly A over an array of N.U and over N.U itself, and what became of them.
func usageEvents() []string {
	entry := func(id, address uint64) string { return "159:" + u64(id) + names + u64(address) + u16(0) }
	details := func(id, argument uint64) string {
		return "72:" + u64(id) + u64(0x71) + u32(0x06000009) + u32(1) + u64(0) + u64(argument)
	}
	class := func(id uint64, token uint32) string {
		return u64(id) + u64(0x31) + u32(token) + u32(0) + "\x12" + strz("") + u32(0)
	}
	return []string{
		entry(1, 4096), details(1, 0x72), details(1, 0x72),
		entry(2, 0), details(2, 0x73),
		"145:" + u64(2) + u64(0x31) + u32(0x06000009) + u32(1) + names,
		"145:" + u64(1) + u64(0x31) + u32(0x06000009) + u32(1) + names,
		"145:" + u64(3) + u64(0x31) + u32(0x06000000) + u32(1) + strz("dynamicClass") + strz("Stub") + strz("void  ()"),
		"15:" + u32(3) + u16(0) + class(0x71, 0x02000002) + class(0x72, 0x02000003) +
			u64(0x73) + u64(0) + u32(0) + u32(8|1<<8) + "\x1D" + strz("") + u32(1) + u64(0x72),
		"152:" + u64(0x31) + u64(0x41) + u32(0) + u32(0) + strz("/A.dll") + strz(""),
		"152:" + u64(0x32) + u64(0x42) + u32(0) + u32(0) + strz("") + strz(""),
		"154:" + u64(0x41) + u64(0) + u64(0) + u32(0) + strz("A, Version=1.0.0.0, Culture=neutral"),
		"154:" + u64(0x42) + u64(0) + u64(0) + u32(2) + strz("Made"),
		"1:garbage that nobody decodes",
	}
}

func TestMethods(t *testing.T) {
	u, err := Methods(t.Context(), strings.NewReader(runtimeTrace(usageEvents()...)))
	if err != nil {
		t.Fatal(err)
	}
	stub := Method{Namespace: "dynamicClass", Name: "Stub", Signature: "void  ()"}
	if diff := cmp.Diff(map[Instance]Fate{{method1, 1}: Found | Jitted, {method1, 2}: NotFound | Jitted, {stub, 3}: Jitted}, u.Methods); diff != "" {
		t.Errorf("methods (-want +got):\n%s", diff)
	}
	modules := map[uint64]Module{0x31: {Assembly: "A", ILPath: "/A.dll"}, 0x32: {Assembly: "Made", Dynamic: true}}
	if diff := cmp.Diff(modules, u.Modules); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[uint32]uint64{159: 2, 72: 3, 145: 3, 15: 1, 152: 2, 154: 2, 1: 1}, u.Events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for id, want := range map[uint64]string{1: "A!02000002::06000009<A!02000003>", 2: "A!02000002::06000009<[1,1d]<A!02000003>>"} {
		if got, ok := u.Identity(id); !ok || got != want {
			t.Errorf("method %d is %s, %v; want %s", id, got, ok, want)
		}
	}
	if got, ok := u.Identity(3); ok {
		t.Errorf("a method without details is %s", got)
	}
}

// TestReusedAssemblyID has an assembly that was unloaded, and another one at its address.
func TestReusedAssemblyID(t *testing.T) {
	assembly := func(name string) string {
		return "154:" + u64(0x41) + u64(0) + u64(0) + u32(0) + strz(name+", Version=1.0.0.0")
	}
	module := func(id uint64, path string) string {
		return "152:" + u64(id) + u64(0x41) + u32(0) + u32(0) + strz(path) + strz("")
	}
	u, err := Methods(t.Context(), strings.NewReader(runtimeTrace(assembly("Dyn"), module(0x31, "Dyn"), assembly("A"), module(0x32, "/A.dll"))))
	if err != nil {
		t.Fatal(err)
	}
	if u.Modules[0x31].Assembly != "Dyn" || u.Modules[0x32].Assembly != "A" {
		t.Errorf("%+v", u.Modules)
	}
}

func TestOtherProvidersDoNotCount(t *testing.T) {
	data := define(head, 1, RuntimeProvider+"Rundown", IDMethodJittingStarted, 1)
	data = object(data, "EventBlock", blockHead(1)+"\x81\x01\x01\x02hi")
	u, err := Methods(t.Context(), strings.NewReader(data+end))
	if err != nil || len(u.Events) != 0 {
		t.Errorf("%v, %v", u, err)
	}
}

func TestMalformedPayloads(t *testing.T) {
	for _, id := range []string{"15", "72", "145", "152", "154", "159"} {
		if _, err := Methods(t.Context(), strings.NewReader(runtimeTrace(id+":\x01\x00\x00\x00"))); err == nil {
			t.Errorf("four bytes are an event %s", id)
		}
	}
}

// Types that are their own arguments must neither hang nor fill the memory.
func TestIdentityOfCircles(t *testing.T) {
	loop := Type{ID: 1, Arguments: []uint64{1, 1}}
	u := Usage{Types: map[uint64]Type{1: loop}, Details: map[uint64]MethodDetails{5: {Type: 1}, 6: {Type: 7}}}
	for id := range u.Details {
		if got, ok := u.Identity(id); ok {
			t.Errorf("method %d has an identity of %d bytes", id, len(got))
		}
	}
}
