package tarball

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// Checksum is one line of a checksum file.
type Checksum struct {
	Hash string // lower-case hex: 64 digits of SHA-256 or 128 of SHA-512
	Name string // of the file; empty where the checksum file holds a bare hash
}

// String gives the line as sha512sum writes and reads it, without the line's end.
func (c Checksum) String() string {
	if c.Name == "" {
		return c.Hash
	}
	return c.Hash + "  " + c.Name
}

// WriteChecksums writes a checksum file: <archive>.sha512 of one checksum, .sha512-bare of one without a name, and the
// aggregate <version>-sha.txt are the same but for what they hold.
func WriteChecksums(w io.Writer, sums ...Checksum) error {
	for _, c := range sums {
		if _, err := fmt.Fprintf(w, "%s\n", c); err != nil {
			return err
		}
	}
	return nil
}

// maxChecksums is the largest checksum file that is read, in bytes.
const maxChecksums = 16 << 20

// ParseChecksums reads a checksum file in any form that .NET publishes: hash and name with one space, two, or a space
// and a star between them; a bare hash; digits of either case; CRLF; empty lines and lines that begin with "#". Any
// other line is an error that gives its number.
func ParseChecksums(r io.Reader) ([]Checksum, error) {
	var sums []Checksum
	limited := &io.LimitedReader{R: r, N: maxChecksums + 1}
	lines := bufio.NewScanner(limited)
	for number := 1; lines.Scan() && limited.N > 0; number++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		c, err := parseChecksum(line)
		if err != nil {
			return nil, fault.Wrap(err, "", "line %d", number)
		}
		sums = append(sums, c)
	}
	if limited.N == 0 {
		return nil, fault.New("", "is larger than %d MiB, which no checksum file is", maxChecksums>>20)
	}
	if err := lines.Err(); err != nil {
		return nil, fault.Wrap(err, "", "is not a checksum file")
	}
	if len(sums) == 0 {
		return nil, fault.New("", "holds no checksum")
	}
	return sums, nil
}

func parseChecksum(line string) (Checksum, error) {
	hash, name, _ := strings.Cut(line, " ")
	hash = strings.ToLower(hash)
	if sum, err := hex.DecodeString(hash); err != nil || len(sum) != sha256.Size && len(sum) != sha512.Size {
		return Checksum{}, fault.New("", "does not begin with a SHA-256 or SHA-512 in hex")
	}
	name = strings.TrimPrefix(strings.TrimLeft(name, " "), "*")
	return Checksum{Hash: hash, Name: name}, nil
}

// Sums are the size in bytes of some data and its hashes in lower-case hex.
type Sums struct {
	Size           int64
	SHA256, SHA512 string
}

// Sum reads r to its end, once.
func Sum(r io.Reader) (Sums, error) {
	sum256, sum512 := sha256.New(), sha512.New()
	n, err := io.Copy(io.MultiWriter(sum256, sum512), r)
	if err != nil {
		return Sums{}, err
	}
	return Sums{n, hex.EncodeToString(sum256.Sum(nil)), hex.EncodeToString(sum512.Sum(nil))}, nil
}

// VerifyFile checks a file against every line of a checksum file that is about it: those with its name, whatever folder
// they put it in, or a bare hash that is alone. No such line and any other hash are errors.
func VerifyFile(ctx context.Context, name, checksums string) error {
	sums, err := readChecksums(checksums)
	if err != nil {
		return err
	}
	about := linesAbout(sums, filepath.Base(name))
	if len(about) == 0 {
		return fault.New(checksums, "has no line about %s", filepath.Base(name))
	}
	got, err := sumFile(ctx, name)
	if err != nil {
		return err
	}
	for _, c := range about {
		kind, sum := "SHA-512", got.SHA512
		if len(c.Hash) == len(got.SHA256) {
			kind, sum = "SHA-256", got.SHA256
		}
		if c.Hash != sum {
			return fault.New(name, "has the %s %s, but %s gives %s", kind, sum, filepath.Base(checksums), c.Hash).
				WithHint("the file is damaged or another one: get it again")
		}
	}
	return nil
}

func readChecksums(name string) ([]Checksum, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.Wrap(pathCause(err), name, "cannot be opened")
	}
	defer f.Close()
	sums, err := ParseChecksums(f)
	return sums, fault.Wrap(err, name, "")
}

func linesAbout(sums []Checksum, name string) []Checksum {
	if len(sums) == 1 && sums[0].Name == "" {
		return sums
	}
	var about []Checksum
	for _, c := range sums {
		if path.Base(c.Name) == name {
			about = append(about, c)
		}
	}
	return about
}

func sumFile(ctx context.Context, name string) (Sums, error) {
	f, err := os.Open(name)
	if err != nil {
		return Sums{}, fault.Wrap(pathCause(err), name, "cannot be opened")
	}
	defer f.Close()
	sums, err := Sum(contextReader{ctx, f})
	return sums, fault.Wrap(pathCause(err), name, "cannot be read")
}

// contextReader ends reading when its context ends.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}
