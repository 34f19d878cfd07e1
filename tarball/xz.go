package tarball

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// minXzDictionary is the smallest dictionary of LZMA2, in bytes: the one a block declares takes its place.
const minXzDictionary = 4 << 10

var errXz = errors.New("the xz structure is wrong")

// checkXzDictionaries refuses an xz file of which a block wants a dictionary larger than maxDictionary: the decompressor
// allocates what it says. It walks the blocks without unpacking them. Source: The .xz File Format 1.1.0, sections 2 and 3.
func checkXzDictionaries(r io.Reader) error {
	x := xzWalker{r: bufio.NewReader(r)}
	var header [12]byte
	if err := x.read(header[:]); err != nil {
		return err
	}
	check := int64(xzCheckSizes[header[7]&0xf])
	for {
		more, err := x.block(check)
		if err != nil || !more {
			return err
		}
	}
}

// xzCheckSizes are the sizes in bytes of the check after a block, by its type (section 2.1.1.2).
var xzCheckSizes = [16]byte{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}

type xzWalker struct {
	r   *bufio.Reader
	pos int64
}

func (x *xzWalker) read(p []byte) error {
	n, err := io.ReadFull(x.r, p)
	x.pos += int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (x *xzWalker) skip(n int64) error {
	skipped, err := x.r.Discard(int(n))
	x.pos += int64(skipped)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// block walks one block; there is none any more where the index begins.
func (x *xzWalker) block(check int64) (more bool, err error) {
	var size [1]byte
	if err := x.read(size[:]); err != nil || size[0] == 0 {
		return false, err
	}
	header := make([]byte, int(size[0])*4+3) // at most 1 KiB
	if err := x.read(header); err != nil {
		return false, err
	}
	if err := checkXzFilters(header); err != nil {
		return false, err
	}
	if err := x.chunks(); err != nil {
		return false, err
	}
	padding := -x.pos & 3
	return true, x.skip(padding + check)
}

// checkXzFilters reads a block header without its first byte (section 3.1): flags, two optional sizes, filters.
func checkXzFilters(header []byte) error {
	const lzma2 = 0x21
	flags, rest := header[0], header[1:]
	for _, present := range []byte{0x40, 0x80} {
		if flags&present == 0 {
			continue
		}
		_, n := binary.Uvarint(rest)
		if n <= 0 {
			return errXz
		}
		rest = rest[n:]
	}
	if flags&3 != 0 || len(rest) < 3 || rest[0] != lzma2 || rest[1] != 1 {
		return fault.New("", "is compressed by xz with a filter other than LZMA2, which is not supported")
	}
	if bits := rest[2] & 0x3f; bits > 40 || xzDictionary(bits) > maxDictionary {
		return fault.New("", "needs a dictionary of more than %d MiB to be unpacked", maxDictionary>>20)
	}
	return nil
}

// xzDictionary decodes a size of a dictionary (section 5.3.1), in bytes.
func xzDictionary(bits byte) int64 { return int64(2|bits&1) << (bits/2 + 11) }

// chunks walks the LZMA2 data of a block: a control byte, sizes, data.
func (x *xzWalker) chunks() error {
	var h [5]byte
	for {
		if err := x.read(h[:1]); err != nil {
			return err
		}
		switch control := h[0]; {
		case control == 0:
			return nil
		case control <= 2: // stored: size
			if err := x.read(h[:2]); err != nil {
				return err
			}
			if err := x.skip(int64(binary.BigEndian.Uint16(h[:])) + 1); err != nil {
				return err
			}
		case control >= 0x80: // size unpacked, size packed, and a byte of properties in the packed part's stead
			if err := x.read(h[:4]); err != nil {
				return err
			}
			packed := int64(binary.BigEndian.Uint16(h[2:])) + 1
			if control >= 0xc0 {
				packed++
			}
			if err := x.skip(packed); err != nil {
				return err
			}
		default:
			return errXz
		}
	}
}
