//go:build !linux

package pagecache

import (
	"errors"
	"os"
)

func drop(*os.File) error { return errors.ErrUnsupported }
