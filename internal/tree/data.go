package tree

import (
	"io"
	"io/fs"
	"os"
)

// MaxFile is the largest file that is read into memory, in bytes.
const MaxFile = 1 << 30

// Data gives the bytes of a file: mapped where the file is one of the system's, read otherwise. The bytes must not be
// written to, nor used after release, which is never nil.
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
	if file, ok := underlying(f).(*os.File); ok && info.Mode().IsRegular() && info.Size() > 0 && info.Size() <= MaxFile {
		if data, release, err := mapFile(file, info.Size()); err == nil {
			return data, release, nil
		}
	}
	data, err = io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		err = pathError("read", name, fs.ErrInvalid)
	}
	return data, func() {}, err
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
