package source

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"os"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// checksum is what a downloaded file must hash to, and who says so.
type checksum struct {
	sum    []byte // of SHA-256 or SHA-512, told apart by length
	origin string // "its registry", "the pin"
}

// parseChecksum reads a SHA-256 or SHA-512 in hexadecimal or base64, with or without the name of the algorithm in front
// ("sha512-…" as in npm's integrity, "sha512:…").
func parseChecksum(text, origin string) (checksum, error) {
	digits := strings.TrimSpace(text)
	for _, prefix := range []string{"sha512-", "sha512:", "sha256-", "sha256:"} {
		if len(digits) > len(prefix) && strings.EqualFold(digits[:len(prefix)], prefix) {
			digits = digits[len(prefix):]
			break
		}
	}
	for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString} {
		if sum, err := decode(digits); err == nil && (len(sum) == sha256.Size || len(sum) == sha512.Size) {
			return checksum{sum, origin}, nil
		}
	}
	return checksum{}, fault.New(origin, "%q is neither a SHA-256 nor a SHA-512, in hexadecimal or base64", text)
}

func (c checksum) algorithm() (string, hash.Hash) {
	if len(c.sum) == sha256.Size {
		return "sha256", sha256.New()
	}
	return "sha512", sha512.New()
}

// mismatchError says that a file is not what was promised. It is told apart since another copy may be the right one.
type mismatchError struct{ fault *fault.Error }

func (e mismatchError) Error() string { return e.fault.Error() }
func (e mismatchError) Unwrap() error { return e.fault }

// verify reads a file and compares.
func (c checksum) verify(ctx context.Context, path, name string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	algorithm, h := c.algorithm()
	if _, err := io.Copy(h, tree.Reader(ctx, f)); err != nil {
		return err
	}
	if got := h.Sum(nil); !bytes.Equal(got, c.sum) {
		return mismatchError{fault.New(name, "has %s %x, but %s says %x", algorithm, got, c.origin, c.sum).
			WithHint("the file was changed on its way or at its source: do not use it before you know why")}
	}
	return nil
}

// verifyAll compares a file with all that is known about it.
func verifyAll(ctx context.Context, known []checksum, path, name string) error {
	for _, c := range known {
		if err := c.verify(ctx, path, name); err != nil {
			return err
		}
	}
	return nil
}

// pins gives what the caller expects of a package: by "id@version" in lower case, or by the name of its file.
func (o Options) pins(id, version, file string) ([]checksum, error) {
	var out []checksum
	for _, key := range []string{strings.ToLower(id + "@" + version), id + "@" + version, file} {
		text, ok := o.Pins[key]
		if !ok {
			continue
		}
		c, err := parseChecksum(text, "the pin of "+key)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}
