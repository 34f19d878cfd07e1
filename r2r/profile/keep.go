package profile

import "sync"

// Keep says which native code serves the methods of a list. It is safe for concurrent use.
type Keep struct {
	scope   *Scope
	methods map[methodKey]map[arguments]bool
	finders sync.Pool
}

// arguments are those of a type and of a method, as words.
type arguments struct{ owner, method string }

// Keep prepares the choice of the code of methods that were found in the scope.
func (s *Scope) Keep(methods []Method) (*Keep, error) {
	k := &Keep{scope: s, methods: map[methodKey]map[arguments]bool{}}
	k.finders.New = func() any { return s.Finder() }
	f := s.Finder()
	for _, m := range methods {
		ref, err := f.Ref(m)
		if err != nil {
			return nil, err
		}
		key := methodKey{m.Assembly, m.RID}
		if k.methods[key] == nil {
			k.methods[key] = map[arguments]bool{}
		}
		k.methods[key][arguments{ref.TypeArgs, ref.MethodArgs}] = true
	}
	return k, nil
}

// Has says whether a method is kept: the MethodDef row of an assembly or, if instance is not nil, what this signature
// of the row in the assembly's table of instances names (see Finder.Instance). One that cannot be read is kept.
func (k *Keep) Has(assembly string, rid uint32, instance []byte) bool {
	a := k.scope.byName[assembly]
	if a == nil {
		return true
	}
	if instance == nil {
		return len(k.methods[methodKey{a, rid}]) > 0
	}
	if len(instance) > 0 && instance[0] < 0x80 && instance[0]&instanceMemberRef == 0 && len(k.methods[methodKey{a, rid}]) == 0 {
		return false // an instance of a method of this assembly: most end here
	}
	f := k.finders.Get().(*Finder)
	defer k.finders.Put(f)
	m, err := f.Instance(a, instance)
	if err != nil {
		return true
	}
	kept := k.methods[methodKey{m.Assembly, m.RID}]
	if len(kept) == 0 {
		return false
	}
	owner, err := f.argsText(m.Owner.Args)
	if err != nil {
		return true
	}
	args, err := f.argsText(m.Args)
	return err != nil || kept[arguments{owner, args}]
}
