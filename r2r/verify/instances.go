package verify

import (
	"encoding/binary"
	"fmt"

	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// instance is an entry of the tables that are found by the hash of a method: code of instantiations (section 109), and
// profile data (section 117).
type instance struct {
	hash, mask uint32 // stored bits of the hash, and which they are
	meaning    []byte // of the method's signature, always with an owner
	implicit   bool   // the signature names no module for one of its tokens
	ownerToken uint32 // of the type that declares the method, 0 for one that is one byte of a signature
	row        uint32 // of the method
	code       entry
	profile    []byte
}

// hashed reads a table of methods. payload reads what follows the signature. Source of the order of entries: runtime,
// src/coreclr/vm/nativeformatreader.h (NativeHashtable::Enumerator).
func (im *image) hashed(id uint32, payload func(i *instance, data []byte, at uint32) error) ([]instance, error) {
	data := im.section(&im.header, id)
	if data == nil {
		return nil, nil
	}
	table, err := nativeformat.NewHashtable(data)
	if err != nil {
		return nil, err
	}
	var out []instance
	budget := len(data) // signatures do not overlap
	last := uint32(0)   // hash of the entry before; a bucket is searched up to the first greater one
	for e, err := range table.All() {
		if err != nil {
			return nil, err
		}
		const bucket = 8 // bits of the hash below the number of the bucket
		if e.Hash>>bucket == last>>bucket && e.Hash < last {
			return nil, fmt.Errorf("entry at %#x: its hash %#x comes after %#x, where no search finds it", e.Offset, e.Hash, last)
		}
		last = e.Hash
		i := instance{hash: e.Hash, mask: table.HashMask()}
		length, err := im.methodMeaning(data[e.Offset:], &i)
		if budget -= length; err == nil && budget < 0 {
			err = fmt.Errorf("signatures overlap")
		}
		if err == nil {
			err = payload(&i, data, e.Offset+uint32(length))
		}
		if err != nil {
			return nil, fmt.Errorf("entry at %#x: %w", e.Offset, err)
		}
		out = append(out, i)
	}
	return out, nil
}

func (im *image) instances() ([]instance, error) {
	return im.hashed(sectionInstances, func(i *instance, data []byte, at uint32) (err error) {
		i.code, err = im.readEntry(data, at)
		return err
	})
}

// profiles reads the table of profile data. Source: runtime, ReadyToRunInfo::GetPgoInstrumentationData.
func (im *image) profiles() ([]instance, error) {
	return im.hashed(sectionPGO, func(i *instance, data []byte, at uint32) error {
		version, at, err := nativeformat.Unsigned(data, at)
		if err != nil {
			return err
		}
		switch version {
		case 1:
		case 3:
			if at, err = lookBack(data, at); err != nil {
				return err
			}
		default:
			return fmt.Errorf("version and flags %#x of profile data are not known", version)
		}
		i.profile = data[at:]
		return nil
	})
}

// methodMeaning reads the signature of a method in a table, and gives its length. What is written is: flags, the type
// that declares the method, module and row of the method, arguments. A signature without the declaring type gets it.
func (im *image) methodMeaning(data []byte, i *instance) (int, error) {
	w := walker{reader: reader{data: data[:min(len(data), maxSignature)]}, resolve: im.resolve}
	w.context = w.module(0)
	flags := w.compressed()
	if flags&^(methodInstantiation|methodOwnerType) != 0 {
		w.stop("method flags %#x are not expected in a table", flags)
	}
	w.number(flags | methodOwnerType)
	if flags&methodOwnerType != 0 {
		w.typ(w.context, 0)
		owner, token := im.declaring(w.out[4:])
		i.ownerToken, i.row = token, w.compressed()
		w.token(owner, i.row)
	} else if row := w.compressed(); im.composite {
		w.stop("names no type that declares the method")
	} else {
		w.out = im.names.declaringType(w.context, row, w.out)
		w.token(w.context, row)
	}
	if flags&methodInstantiation != 0 {
		w.list(func() { w.typ(w.context, 1) })
	}
	i.meaning, i.implicit = w.out, w.implicit
	return w.pos, w.failure()
}

// declaring gives module and token of the type that declares a method, from its meaning; the core library and 0 for a
// type that is one byte of a signature.
func (im *image) declaring(meaning []byte) (module, uint32) {
	if len(meaning) > 0 && meaning[0] == elementGenericInst {
		meaning = meaning[1:]
	}
	if len(meaning) >= 7 && (meaning[0] == elementClass || meaning[0] == elementValueType) {
		return module(int16(binary.LittleEndian.Uint16(meaning[1:]))), binary.LittleEndian.Uint32(meaning[3:])
	}
	return im.coreLib, 0
}
