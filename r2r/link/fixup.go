package link

// A fixup signature begins with its kind (READYTORUN_FIXUP_*; runtime, src/coreclr/inc/readytorun.h). Those that the
// compiler writes for code of one version bubble of one assembly:
const (
	fixupThisObjDictionaryLookup = 0x07
	fixupTypeDictionaryLookup    = 0x08
	fixupMethodDictionaryLookup  = 0x09
	fixupTypeHandle              = 0x10
	fixupMethodHandle            = 0x11
	fixupFieldHandle             = 0x12
	fixupMethodEntry             = 0x13
	fixupMethodEntryDefToken     = 0x14
	fixupMethodEntryRefToken     = 0x15
	fixupVirtualEntry            = 0x16
	fixupVirtualEntryDefToken    = 0x17
	fixupVirtualEntryRefToken    = 0x18
	fixupHelper                  = 0x1A
	fixupStringHandle            = 0x1B
	fixupNewObject               = 0x1C
	fixupNewArray                = 0x1D
	fixupIsInstanceOf            = 0x1E
	fixupChkCast                 = 0x1F
	fixupFieldAddress            = 0x20
	fixupCctorTrigger            = 0x21
	fixupStaticBaseNonGC         = 0x22
	fixupStaticBaseGC            = 0x23
	fixupThreadStaticBaseNonGC   = 0x24
	fixupThreadStaticBaseGC      = 0x25
	fixupFieldBaseOffset         = 0x26
	fixupFieldOffset             = 0x27
	fixupTypeDictionary          = 0x28
	fixupMethodDictionary        = 0x29
	fixupCheckTypeLayout         = 0x2A
	fixupCheckFieldOffset        = 0x2B
	fixupDelegateCtor            = 0x2C
	fixupDeclaringTypeHandle     = 0x2D
	fixupIndirectPInvokeTarget   = 0x2E
	fixupPInvokeTarget           = 0x2F
	fixupCheckInstructionSet     = 0x30
	fixupVerifyFieldOffset       = 0x31
	fixupVerifyTypeLayout        = 0x32
	fixupCheckVirtualOverride    = 0x33
	fixupVerifyVirtualOverride   = 0x34
	fixupModuleOverride          = 0x80
)

// Flags of a type layout check (READYTORUN_LAYOUT_*) and of a virtual override check.
const (
	layoutHFA             = 0x01
	layoutAlignment       = 0x02
	layoutAlignmentNative = 0x04
	layoutGC              = 0x08
	layoutGCEmpty         = 0x10

	virtualOverridden = 0x01
)

// fixup reads a whole fixup signature and gives its kind.
func (w *walker) fixup(depth int) byte {
	kind := w.byte()
	if depth > maxSignatureDepth {
		w.fail("is nested deeper than %d", maxSignatureDepth)
	}
	if kind&fixupModuleOverride != 0 {
		w.fail("fixup kind %#02x names another module: the assembly was compiled in a version bubble with others", kind)
	}
	if w.err != nil {
		return kind
	}
	switch kind {
	case fixupTypeHandle, fixupNewObject, fixupNewArray, fixupIsInstanceOf, fixupChkCast, fixupCctorTrigger,
		fixupStaticBaseNonGC, fixupStaticBaseGC, fixupThreadStaticBaseNonGC, fixupThreadStaticBaseGC,
		fixupFieldBaseOffset, fixupTypeDictionary, fixupDeclaringTypeHandle:
		w.typ(0)
	case fixupMethodHandle, fixupMethodEntry, fixupVirtualEntry, fixupMethodDictionary, fixupIndirectPInvokeTarget,
		fixupPInvokeTarget:
		w.method()
	case fixupFieldHandle, fixupFieldAddress, fixupFieldOffset:
		w.field()
	case fixupMethodEntryDefToken, fixupMethodEntryRefToken, fixupVirtualEntryDefToken, fixupVirtualEntryRefToken,
		fixupHelper, fixupStringHandle:
		w.uint()
	case fixupThisObjDictionaryLookup:
		w.typ(0)
		w.fixup(depth + 1)
	case fixupTypeDictionaryLookup, fixupMethodDictionaryLookup:
		w.fixup(depth + 1)
	default:
		w.check(kind)
	}
	return kind
}

// check reads the rest of a fixup that compares what the compiler assumed with what there is.
func (w *walker) check(kind byte) {
	switch kind {
	case fixupCheckTypeLayout, fixupVerifyTypeLayout:
		w.typeLayout()
	case fixupCheckFieldOffset:
		w.uint()
		w.field()
	case fixupVerifyFieldOffset:
		w.uint()
		w.uint()
		w.field()
	case fixupDelegateCtor:
		w.method()
		w.typ(0)
	case fixupCheckInstructionSet:
		for n := w.uint(); n > 0 && w.err == nil; n-- {
			w.uint()
		}
	case fixupCheckVirtualOverride, fixupVerifyVirtualOverride:
		flags := w.uint()
		w.method()
		w.typ(0)
		if flags&virtualOverridden != 0 {
			w.method()
		}
	default:
		w.fail("fixup kind %#02x is not known", kind)
	}
}

// typeLayout reads a type with its size and what else the flags say of it: for each eight pointers a byte tells which
// are references. Source: runtime, src/coreclr/vm/jitinterface.cpp (TypeLayoutCheck).
func (w *walker) typeLayout() {
	const pointer = 8
	w.typ(0)
	flags, size := w.uint(), w.uint()
	if flags&layoutHFA != 0 {
		w.uint()
	}
	if flags&layoutAlignment != 0 && flags&layoutAlignmentNative == 0 {
		w.uint()
	}
	if flags&layoutGC != 0 && flags&layoutGCEmpty == 0 {
		w.skip((uint64(size)/pointer + 7) / 8)
	}
}
