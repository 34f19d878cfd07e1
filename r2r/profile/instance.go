package profile

import "fmt"

// Flags of a method's signature in native code (dotnet/runtime, src/coreclr/inc/readytorun.h,
// READYTORUN_METHOD_SIG_*), and the element type that stands for any reference type there (src/coreclr/inc/corpriv.h).
const (
	instanceArguments = 0x04
	instanceSlot      = 0x08
	instanceMemberRef = 0x10
	instanceOwner     = 0x40

	elementCanon Element = 0x3E
)

// Instance finds the method that a table of native code of an assembly names, such as InstanceMethodEntryPoints: flags,
// the type that has it, its row, its arguments. The assembly must be compiled by itself, so that all tokens are its own.
func (f *Finder) Instance(a *Assembly, signature []byte) (Method, error) {
	canon, err := f.canon()
	if err != nil {
		return Method{}, err
	}
	r := f.module(a)
	s := sigReader{r: r, blob: signature, canon: canon}
	flags := s.uint()
	var owner *Type
	if flags&instanceOwner != 0 {
		owner = s.typ()
	}
	rid := s.uint()
	if flags&instanceSlot != 0 && s.err == nil {
		return Method{}, fmt.Errorf("a slot stands in place of a method")
	}
	var args []*Type
	if flags&instanceArguments != 0 {
		args = s.list(s.uint())
	}
	if s.err != nil {
		return Method{}, s.err
	}
	m, err := f.instanceOf(a, owner, rid, flags&instanceMemberRef != 0)
	m.Args = args
	return m, err
}

// instanceOf finds a method by its row in an assembly and the type that has it, nil for the one that declares it.
func (f *Finder) instanceOf(a *Assembly, owner *Type, rid uint32, reference bool) (Method, error) {
	if !reference {
		declaring, err := a.Metadata.MethodOwner(rid)
		if err != nil {
			return Method{}, err
		}
		if owner == nil {
			owner, err = f.typeOf(Def{a, declaring})
		}
		return Method{Assembly: a, RID: rid, Owner: owner}, err
	}
	row, err := a.Metadata.MemberRef(rid)
	if err != nil {
		return Method{}, err
	}
	name, err := a.Metadata.String(row.Name)
	if err != nil {
		return Method{}, err
	}
	r := f.module(a)
	if owner == nil {
		if owner, err = r.typ(row.Class); err != nil {
			return Method{}, err
		}
	}
	sig, err := r.sig(row.Signature)
	if err != nil {
		return Method{}, err
	}
	return f.find(owner, name, sig)
}
