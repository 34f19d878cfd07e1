package r2r

import (
	"iter"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// AvailableType is an entry of the table by which the runtime finds a component's types by name.
type AvailableType struct {
	// Hash holds those bits of the full name's hash that the table stores; HashMask says which.
	Hash, HashMask uint32
	Type           ecma335.Token // a TypeDef or an ExportedType of the component
}

// AvailableTypes gives the types of a component (section 108) in table order. After an error it ends. Source: runtime,
// docs/design/coreclr/botr/readytorun-format.md, AvailableTypes.
func (im *Image) AvailableTypes(c *Component) iter.Seq2[AvailableType, error] {
	return func(yield func(AvailableType, error) bool) {
		data, err := im.section(&c.CoreHeader, SectionAvailableTypes)
		if data == nil && err == nil {
			return
		}
		var table *nativeformat.Hashtable
		if err == nil {
			table, err = nativeformat.NewHashtable(data)
		}
		if err != nil {
			yield(AvailableType{}, err)
			return
		}
		for e, err := range table.All() {
			t := AvailableType{Hash: e.Hash, HashMask: table.HashMask()}
			if err == nil {
				t.Type, err = readAvailableType(data, e.Offset)
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}

func readAvailableType(data []byte, offset uint32) (ecma335.Token, error) {
	value, _, err := nativeformat.Unsigned(data, offset)
	if value&1 != 0 {
		return ecma335.NewToken(ecma335.ExportedType, value>>1), err
	}
	return ecma335.NewToken(ecma335.TypeDef, value>>1), err
}
