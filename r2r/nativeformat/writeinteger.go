package nativeformat

import "encoding/binary"

// AppendUnsigned appends the shortest form of what Unsigned reads: 1 to 5 bytes.
func AppendUnsigned(dst []byte, value uint32) []byte {
	return appendWide(dst, value, unsignedSize(value))
}

// AppendSigned appends the shortest form of what Signed reads. A value that is not negative comes out the same from
// readers that do not extend signs.
func AppendSigned(dst []byte, value int32) []byte {
	return appendWide(dst, uint32(value), signedSize(value))
}

// maxInteger is the size of the longest form of a number.
const maxInteger = 5

func unsignedSize(value uint32) int {
	for size := 1; size < maxInteger; size++ {
		if value>>(7*size) == 0 {
			return size
		}
	}
	return maxInteger
}

func signedSize(value int32) int {
	for size := 1; size < maxInteger; size++ {
		if unused := 32 - 7*size; value<<unused>>unused == value {
			return size
		}
	}
	return maxInteger
}

// appendWide appends a number in the form of size bytes, whose room its bits must fit: 7 a byte, 32 in the longest. The
// mark in the low bits is size-1 ones and a zero.
func appendWide(dst []byte, value uint32, size int) []byte {
	if size == maxInteger {
		return binary.LittleEndian.AppendUint32(append(dst, 0x0F), value)
	}
	marked := value<<size | (1<<(size-1) - 1)
	for range size {
		dst = append(dst, byte(marked))
		marked >>= 8
	}
	return dst
}
