package nettrace

import (
	"bufio"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

// source is a stream of bytes that knows how many have been read: blocks are aligned to the start of the trace.
type source struct {
	r      *bufio.Reader
	offset int64
}

// chunk is how much is read at once. It is also the step in which buffers grow, so that a length in the file costs no
// more memory than the bytes that really follow it.
const chunk = 64 << 10

// newSource reads r as it is or, when it starts as a gzip member does (RFC 1952, 2.3.1), inflated.
func newSource(r io.Reader) (*source, error) {
	plain := bufio.NewReaderSize(r, chunk)
	head, err := plain.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(head) < 2 || head[0] != 0x1F || head[1] != 0x8B {
		return &source{r: plain}, nil
	}
	inflated, err := gzip.NewReader(plain)
	if err != nil {
		return nil, err
	}
	return &source{r: bufio.NewReaderSize(inflated, chunk)}, nil
}

// fill reads len(b) bytes. Where fewer are left it gives errTruncated.
func (s *source) fill(b []byte) error {
	n, err := io.ReadFull(s.r, b)
	s.offset += int64(n)
	return truncated(err)
}

// read appends n bytes to buf. Where fewer are left it gives those and errTruncated.
func (s *source) read(buf []byte, n int64) ([]byte, error) {
	for n > 0 {
		step := int(min(n, chunk))
		have := len(buf)
		buf = append(buf, make([]byte, step)...)
		got, err := io.ReadFull(s.r, buf[have:])
		s.offset += int64(got)
		if err != nil {
			return buf[:have+got], truncated(err)
		}
		n -= int64(step)
	}
	return buf, nil
}

// skip leaves out n bytes.
func (s *source) skip(n int64) error {
	got, err := io.CopyN(io.Discard, s.r, n)
	s.offset += got
	return truncated(err)
}

// errTruncated says that the file ends where more must follow, as it does when the traced process was killed.
var errTruncated = errors.New("the trace ends early")

func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTruncated
	}
	return err
}
