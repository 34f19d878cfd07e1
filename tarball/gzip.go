package tarball

import (
	"context"
	"encoding/binary"
	"io"
)

// gzipHeader has no time, no name and no file system (RFC 1952, section 2.3), so that nothing of the machine shows.
var gzipHeader = []byte{0x1f, 0x8b, 8 /* deflate */, 0, 0, 0, 0, 0, 0, 0xff}

// gzipWriter is a gzip file of one member.
type gzipWriter struct{ *deflater }

func newGzipWriter(ctx context.Context, w io.Writer, o Options) (io.WriteCloser, error) {
	z := gzipWriter{newDeflater(ctx, o.Level, o.Jobs)}
	return z, z.begin(&stream{
		start: func() (io.Writer, error) {
			_, err := w.Write(gzipHeader)
			return w, err
		},
		end: func(sums streamSums) error {
			trailer := binary.LittleEndian.AppendUint32(nil, sums.crc32)
			trailer = binary.LittleEndian.AppendUint32(trailer, uint32(sums.size)) // modulo 2^32, as the format has it
			_, err := w.Write(trailer)
			return err
		},
	})
}

// Close ends the file. It does not close what the file is written to.
func (z gzipWriter) Close() error {
	if z.current != nil {
		z.end()
	}
	return z.deflater.Close()
}
