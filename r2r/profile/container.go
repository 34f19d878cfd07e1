package profile

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// maxModule bounds the module in a zip archive, in bytes; the largest profile of a runtime pack has 18 MB.
const maxModule = 256 << 20

// unwrap gives the module of a profile: the data itself if it begins as a PE file does, else what is in the archive.
// The compiler decides in the same way.
func unwrap(data []byte) ([]byte, error) {
	switch {
	case len(data) == 0:
		return nil, fmt.Errorf("the file is empty")
	case bytes.HasPrefix(data, []byte("MZ")):
		return data, nil
	case !bytes.HasPrefix(data, []byte("PK")):
		return nil, fmt.Errorf("the file is neither a .NET module nor a zip archive")
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	for _, f := range archive.File {
		if strings.HasSuffix(f.Name, ".dll") || len(archive.File) == 1 {
			return unzip(f)
		}
	}
	return nil, fmt.Errorf("the archive holds no module")
}

func unzip(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	module, err := io.ReadAll(io.LimitReader(r, maxModule+1))
	if err == nil && len(module) > maxModule {
		err = fmt.Errorf("%s has more than %d bytes", f.Name, maxModule)
	}
	return module, err
}
