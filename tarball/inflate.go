package tarball

import (
	"bufio"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// decompressors are what inflate has used before: a framework has hundreds of files, and the buffers are larger than
// most of them.
var decompressors = sync.Pool{New: func() any {
	input := bufio.NewReaderSize(nil, copyBuffer/2)
	return &inflater{input: input, output: flate.NewReader(input)}
}}

type inflater struct {
	input  *bufio.Reader
	output io.ReadCloser
}

// inflate decompresses deflate data (RFC 1951).
func inflate(r io.Reader) io.ReadCloser {
	i := decompressors.Get().(*inflater)
	i.input.Reset(r)
	_ = i.output.(flate.Resetter).Reset(i.input, nil) // fails only for a bad dictionary
	return &inflated{inflater: i}
}

// inflated is the output of an inflater until Close, which frees the inflater for others.
type inflated struct {
	mu       sync.Mutex
	inflater *inflater
}

func (o *inflated) Read(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inflater == nil {
		return 0, errors.New("read after close")
	}
	return o.inflater.output.Read(p)
}

func (o *inflated) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inflater == nil {
		return nil
	}
	o.inflater.input.Reset(nil)
	decompressors.Put(o.inflater)
	o.inflater = nil
	return nil
}
