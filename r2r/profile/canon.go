package profile

import "fmt"

// canon gives the type that stands for every reference type in shared code, System.__Canon of the core library.
func (f *Finder) canon() (*Type, error) {
	if f.scope.core == nil {
		return nil, fmt.Errorf("there is no assembly %s", CoreLibrary)
	}
	def, err := f.scope.findType(f.scope.core, "System", canonName)
	return &Type{Kind: ElementClass, Def: def}, err
}

func (f *Finder) isCanon(t *Type) bool {
	if t.Kind != ElementClass || t.Def.Assembly != f.scope.core {
		return false
	}
	name, err := f.name(t.Def)
	return err == nil && name == "System."+canonName
}

// canonical puts System.__Canon in for the reference types in an argument: code is shared over them (dotnet/runtime,
// src/coreclr/vm/generics.cpp and src/coreclr/tools/Common/TypeSystem/Canon/StandardCanonicalizationAlgorithm.cs).
func (f *Finder) canonical(t *Type) (*Type, error) {
	switch t.Kind {
	case ElementString, ElementObject, ElementSZArray, ElementArray:
		return f.canon()
	case ElementClass, ElementValueType, ElementGenericInst:
	case ElementVar, ElementMVar, ElementPointer, ElementByRef, ElementFnPtr, ElementTypedByRef, ElementVoid:
		return nil, fmt.Errorf("element type %#02x is no type argument", byte(t.Kind))
	default:
		if !t.Kind.isPrimitive() {
			return nil, fmt.Errorf("element type %#02x is no type argument", byte(t.Kind))
		}
		return t, nil
	}
	value, err := f.isValueType(t.Def)
	if err != nil {
		return nil, err
	}
	if !value {
		return f.canon()
	}
	return f.canonicalInstance(t)
}

// canonicalInstance makes the arguments of a type canonical.
func (f *Finder) canonicalInstance(t *Type) (*Type, error) {
	if len(t.Args) == 0 {
		return t, nil
	}
	c := &Type{Kind: t.Kind, Def: t.Def}
	for _, a := range t.Args {
		a, err := f.canonical(a)
		if err != nil {
			return nil, err
		}
		c.Args = append(c.Args, a)
	}
	return c, nil
}

// isValueType says whether a definition is a value type: derived from System.ValueType, or from System.Enum, which is
// itself none (ECMA-335 II.13).
func (f *Finder) isValueType(def Def) (bool, error) {
	return remember(f.values, def, func(def Def) (bool, error) {
		base, err := f.base(def)
		if err != nil || base == nil || base.Kind != ElementClass || base.Def.Assembly != f.scope.core {
			return false, err
		}
		name, err := f.name(base.Def)
		if err != nil || name == "System.Enum" {
			return name == "System.Enum", err
		}
		if name != "System.ValueType" {
			return false, nil
		}
		own, err := f.name(def)
		return own != "System.Enum" || def.Assembly != f.scope.core, err
	})
}
