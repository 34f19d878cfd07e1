package tree

import (
	"io"
	"io/fs"
	"os"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// MaxFile is the largest file that is read into memory, in bytes.
const MaxFile = 1 << 30

// Data gives the bytes of a file: those that a file of Bytes holds, mapped where the file is one of the system's, read
// otherwise. They must not be written to, nor used after release, which is never nil.
func Data(fsys fs.FS, name string) (data []byte, release func(), err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, func() {}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, func() {}, err
	}
	switch file := underlying(f).(type) {
	case bytesFile:
		return file.data, func() {}, nil
	case *os.File:
		if !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > MaxFile {
			break
		}
		if data, release, err := mapFile(file, info.Size()); err == nil {
			return data, release, nil
		}
	}
	data, err = readAll(f, info.Size())
	return data, func() {}, err
}

// firstRead is how many bytes of a file are taken to be there because its size says so.
const firstRead = 1 << 20

// readAll reads a file that need not be of the size it says: memory grows with what is there.
func readAll(f fs.File, size int64) ([]byte, error) {
	data := make([]byte, 0, min(max(size, 0), firstRead)+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case err == io.EOF:
			return data, nil
		case err != nil:
			return nil, err
		case len(data) > MaxFile:
			return nil, fault.New("", "has more than %d bytes, the limit for a file in memory", MaxFile)
		case len(data) == cap(data):
			data = append(make([]byte, 0, grown(int64(len(data)), size+1)), data...)
		}
	}
}

// grown doubles a length, but does not go beyond a size that lies between.
func grown(length, size int64) int64 {
	if length < size && size < 2*length {
		return size
	}
	return 2 * length
}

func underlying(f fs.File) any {
	var v any = f
	for {
		w, ok := v.(interface{ Unwrap() io.ReadCloser })
		if !ok {
			return v
		}
		v = w.Unwrap()
	}
}
