package dockerfile

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

const maxChecksumFile = 64 << 10

var sha512Text = regexp.MustCompile(`^[0-9A-Fa-f]{128}$`)

// readChecksum gives the SHA-512 of an archive, in lower case, from the checksum file beside it.
func readChecksum(dist fs.FS, archive string) (string, error) {
	file := archive + ".sha512"
	data, err := readSmall(dist, file, maxChecksumFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fault.New(archive, "has no checksum file beside it").WithHint("pack again: %s is missing", file)
	}
	if err != nil {
		return "", fault.Wrap(err, file, "cannot be read")
	}
	sum, ok := findChecksum(string(data), archive)
	if !ok {
		return "", fault.New(file, "holds no SHA-512 of %s", archive).
			WithHint("it has one line: 128 hexadecimal digits, two spaces, the name of the archive")
	}
	return sum, nil
}

// findChecksum looks for a line with the bare hash, or with the hash and the name. The forms in use differ in case,
// line ends, number of spaces, and a comment in front (dotnet-docker, Dockerfile.linux.validate-checksum).
func findChecksum(text, archive string) (string, bool) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || !sha512Text.MatchString(fields[0]) {
			continue
		}
		if len(fields) == 1 || len(fields) == 2 && strings.TrimPrefix(fields[1], "*") == archive {
			return strings.ToLower(fields[0]), true
		}
	}
	return "", false
}
