package nettrace

import (
	"strings"
	"unicode/utf16"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// RuntimeProvider is the provider of the runtime's own events. Its rundown at the end of a session comes from another
// one, with other events of the same numbers.
const RuntimeProvider = "Microsoft-Windows-DotNETRuntime"

// The events of RuntimeProvider that are decoded here. Source of numbers and fields: ClrEtwAll.man. A later version of
// an event has more fields behind those of the earlier one, and they are not looked at.
const (
	IDBulkType             = 15
	IDMethodDetails        = 72
	IDMethodLoadVerbose    = 143
	IDMethodJittingStarted = 145
	IDModuleLoad           = 152
	IDAssemblyLoad         = 154
	IDR2RGetEntryPoint     = 159
)

// Method is a method by the names that the runtime gives it in events.
type Method struct {
	Namespace string // full name of the declaring type, such as System.Collections.Generic.List`1[System.__Canon]
	Name      string
	Signature string // such as "instance void  (int32)"
}

// Type is one row of a BulkType event: a type that other events name by its id.
type Type struct {
	ID          uint64
	Module      uint64   // 0 for what no module defines, such as an array
	Token       uint32   // TypeDef (0x02......) in Module
	Flags       uint32   // bit 3: array; its rank is in bits 8 to 13
	ElementType uint8    // CorElementType of the type; of an enum, that of its underlying type
	Name        string   // empty from runtimes that are no debug builds
	Arguments   []uint64 // ids of type arguments, or of the element of an array, pointer or reference
}

// flagArray in Type.Flags. Source: eventtrace.h, TypeFlags.
const flagArray = 8

// IsArray says whether the type is an array.
func (t Type) IsArray() bool { return t.Flags&flagArray != 0 }

// Rank gives the number of dimensions of an array.
func (t Type) Rank() int { return int(t.Flags >> 8 & 0x3F) }

// DecodeBulkType decodes the types of an event 15.
func DecodeBulkType(payload []byte) ([]Type, error) {
	c := cursorOf(payload, "BulkType")
	count := c.U32()
	c.U16() // runtime instance
	var types []Type
	for range count {
		t := Type{ID: c.U64(), Module: c.U64(), Token: c.U32(), Flags: c.U32(), ElementType: c.U8(), Name: text(c)}
		t.Arguments = identifiers(c, c.U32())
		if c.Err() != nil {
			return nil, c.Err()
		}
		types = append(types, t)
	}
	return types, c.Err()
}

// MethodDetails is event 72: what tells a method, a generic instance included, exactly.
type MethodDetails struct {
	Method       uint64 // the id that other events of the method give
	Type         uint64 // id of the declaring type
	Token        uint32 // MethodDef (0x06......) in the module of the declaring type
	LoaderModule uint64
	Arguments    []uint64 // ids of the types that the method itself is instantiated over
}

// DecodeMethodDetails decodes an event 72.
func DecodeMethodDetails(payload []byte) (MethodDetails, error) {
	c := cursorOf(payload, "MethodDetails")
	d := MethodDetails{Method: c.U64(), Type: c.U64(), Token: c.U32()}
	count := c.U32()
	d.LoaderModule = c.U64()
	d.Arguments = identifiers(c, count)
	return d, c.Err()
}

// MethodLoad is event 143: a method has code, compiled by the JIT or from a ReadyToRun image.
type MethodLoad struct {
	Method
	ID     uint64
	Module uint64
	Start  uint64 // address of the code
	Size   uint32 // bytes of code
	Token  uint32 // 0x06000000 for a method without metadata
	Flags  uint32
}

// Tier is how the JIT was told to compile a method. Source: eventtrace.cpp, ETW::MethodLog::SendMethodEvent, and
// method.hpp, PrepareCodeConfig::JitOptimizationTier.
type Tier uint8

// The tiers.
const (
	TierUnknown                    Tier = iota // such as code from a ReadyToRun image
	TierMinOptJitted                           // not optimized and never to be
	TierOptimized                              // optimized at once, without tiering
	TierQuickJitted                            // tier 0
	TierOptimizedTier1                         // optimized after many calls
	TierOptimizedTier1OSR                      // optimized while it ran a loop
	TierQuickJittedInstrumented                // tier 0 that counts for the profile
	TierOptimizedTier1Instrumented             // optimized code that counts for the profile
)

// Tier gives how the code was made.
func (m MethodLoad) Tier() Tier { return Tier(m.Flags >> 7 & 7) }

// Dynamic says whether the method was made at run time and has no metadata: a stub, a compiled expression.
func (m MethodLoad) Dynamic() bool { return m.Flags&1 != 0 }

// DecodeMethodLoadVerbose decodes an event 143.
func DecodeMethodLoadVerbose(payload []byte) (MethodLoad, error) {
	c := cursorOf(payload, "MethodLoadVerbose")
	m := MethodLoad{ID: c.U64(), Module: c.U64(), Start: c.U64(), Size: c.U32(), Token: c.U32(), Flags: c.U32()}
	m.Method = method(c)
	return m, c.Err()
}

// JittingStarted is event 145: the JIT begins to compile a method.
type JittingStarted struct {
	Method
	ID     uint64
	Module uint64
	Token  uint32
	ILSize uint32 // bytes
}

// DecodeMethodJittingStarted decodes an event 145.
func DecodeMethodJittingStarted(payload []byte) (JittingStarted, error) {
	c := cursorOf(payload, "MethodJittingStarted")
	j := JittingStarted{ID: c.U64(), Module: c.U64(), Token: c.U32(), ILSize: c.U32()}
	j.Method = method(c)
	return j, c.Err()
}

// EntryPoint is event 159: the runtime has looked for a method in the ReadyToRun images.
type EntryPoint struct {
	Method
	ID      uint64
	Address uint64 // 0: there is no such code, or it was refused
}

// DecodeR2RGetEntryPoint decodes an event 159. Its address is as long as the process's pointers, and the only field of
// that kind; the two bytes after it end the event.
func DecodeR2RGetEntryPoint(payload []byte) (EntryPoint, error) {
	c := cursorOf(payload, "R2RGetEntryPoint")
	e := EntryPoint{ID: c.U64(), Method: method(c)}
	if c.Len() < 8+2 {
		e.Address = uint64(c.U32())
	} else {
		e.Address = c.U64()
	}
	return e, c.Err()
}

// ModuleLoad is event 152.
type ModuleLoad struct {
	ID         uint64
	Assembly   uint64
	Flags      uint32
	ILPath     string // of the assembly's file; empty for one that has none
	NativePath string
	PDB        PDB
}

// PDB tells a build of an assembly: the identity of its symbols, which a deterministic compiler derives from what it
// compiled. The zero value stands for a module without symbols.
type PDB struct {
	GUID [16]byte
	Age  uint32
}

// DecodeModuleLoad decodes an event 152. Its first version ends with the paths.
func DecodeModuleLoad(payload []byte) (ModuleLoad, error) {
	c := cursorOf(payload, "ModuleLoad")
	m := ModuleLoad{ID: c.U64(), Assembly: c.U64(), Flags: c.U32()}
	c.U32() // reserved
	m.ILPath, m.NativePath = text(c), text(c)
	if c.Len() >= 2+16+4 {
		c.U16() // runtime instance
		copy(m.PDB.GUID[:], c.Bytes(16))
		m.PDB.Age = c.U32()
	}
	return m, c.Err()
}

// flagReadyToRun in ModuleLoad.Flags. Source: eventtrace.h, ModuleFlags.
const flagReadyToRun = 0x20

// AssemblyLoad is event 154.
type AssemblyLoad struct {
	ID    uint64
	Flags uint32
	Name  string // full name: "System.Runtime, Version=10.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a"
}

// flagDynamic in AssemblyLoad.Flags. Source: eventtrace.h, AssemblyFlags.
const flagDynamic = 2

// Dynamic says whether the assembly was made at run time.
func (a AssemblyLoad) Dynamic() bool { return a.Flags&flagDynamic != 0 }

// SimpleName gives the name without version, culture and key.
func (a AssemblyLoad) SimpleName() string {
	name, _, _ := strings.Cut(a.Name, ",")
	return name
}

// DecodeAssemblyLoad decodes an event 154.
func DecodeAssemblyLoad(payload []byte) (AssemblyLoad, error) {
	c := cursorOf(payload, "AssemblyLoad")
	a := AssemblyLoad{ID: c.U64()}
	c.Bytes(16) // application domain, binding
	a.Flags = c.U32()
	a.Name = text(c)
	return a, c.Err()
}

func cursorOf(payload []byte, what string) *format.Cursor {
	return format.NewCursor(payload, what, format.Offset, 0)
}

func method(c *format.Cursor) Method {
	return Method{Namespace: text(c), Name: text(c), Signature: text(c)}
}

// identifiers reads count ids.
func identifiers(c *format.Cursor, count uint32) []uint64 {
	var ids []uint64
	for range count {
		id := c.U64()
		if c.Err() != nil {
			return nil
		}
		ids = append(ids, id)
	}
	return ids
}

// text reads UTF-16 up to a zero. Half of a surrogate pair becomes U+FFFD.
func text(c *format.Cursor) string {
	ascii := true
	var units []uint16
	var short [128]uint16
	for units = short[:0]; ; {
		u := c.U16()
		if u == 0 {
			break
		}
		ascii = ascii && u < 0x80
		units = append(units, u)
	}
	if !ascii {
		return string(utf16.Decode(units))
	}
	b := make([]byte, len(units))
	for i, u := range units {
		b[i] = byte(u)
	}
	return string(b)
}
