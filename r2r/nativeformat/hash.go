package nativeformat

import "math/bits"

// The version-resilient hash is made of names only, so that it stays the same when tokens change. Source: runtime,
// src/coreclr/inc/typehashingalgorithms.h and src/coreclr/vm/versionresilienthashcode.cpp. All arithmetic is modulo 2³².

// NameHash gives the hash of a text; that of an empty one is 0. Bytes above 0x7F count as negative numbers.
func NameHash[T string | []byte](text T) uint32 {
	if len(text) == 0 {
		return 0
	}
	var even, odd uint32 = 0x6DA3B944, 0
	for i := 0; i < len(text); i += 2 {
		even = mix(even, 5, signExtend(text[i]))
		if i+1 < len(text) {
			odd = mix(odd, 5, signExtend(text[i+1]))
		}
	}
	return finish(even, 8) ^ finish(odd, 8)
}

// TypeNameHash gives the hash of a type from its namespace, which may be empty, and its name.
func TypeNameHash[T string | []byte](namespace, name T) uint32 {
	return NameHash(namespace) ^ NameHash(name)
}

// NestedTypeHash gives the hash of a type that is nested in another, from the hash of its own name.
func NestedTypeHash(enclosing, name uint32) uint32 { return mix(enclosing, 11, name) }

// ArrayHash gives the hash of an array of a rank; a vector has rank 1.
func ArrayHash(element, rank uint32) uint32 { return finish(mix(0xD5313556+rank, 13, element), 15) }

// PointerHash gives the hash of a pointer type.
func PointerHash(target uint32) uint32 { return mix(target, 5, 0x12D0) }

// ByRefHash gives the hash of a managed reference type.
func ByRefHash(target uint32) uint32 { return mix(target, 7, 0x4C85) }

// InstanceHash gives the hash of a generic type or method, over given arguments.
func InstanceHash(definition uint32, arguments ...uint32) uint32 {
	hash := definition
	for _, a := range arguments {
		hash = mix(hash, 13, a)
	}
	return finish(hash, 15)
}

func mix(hash uint32, rotation int, with uint32) uint32 { return finish(hash, rotation) ^ with }

func finish(hash uint32, rotation int) uint32 { return hash + bits.RotateLeft32(hash, rotation) }

func signExtend(b byte) uint32 { return uint32(int32(int8(b))) }
