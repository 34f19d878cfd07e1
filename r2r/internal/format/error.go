// Package format is what all readers of image formats share: the error that says which structure is malformed and
// where, and a bounds-checked cursor over little-endian bytes.
package format

import (
	"errors"
	"fmt"
)

// Space says what an Error's position counts from.
type Space string

// The spaces that positions are given in.
const (
	FileOffset Space = "file offset" // from the start of the file
	RVA        Space = "RVA"         // from the image base, once loaded
	Offset     Space = "offset"      // from the start of the structure's own stream, heap or table
)

// Error is a malformed image: what was being read, where, and why it cannot be so.
type Error struct {
	What   string // the structure, by the name its specification uses
	Space  Space
	At     uint64 // position in Space
	Reason string
}

// Error gives one line, such as "CLI header at RVA 0x2008: size 1 is less than 72".
func (e *Error) Error() string {
	return fmt.Sprintf("%s at %s %#x: %s", e.What, e.Space, e.At, e.Reason)
}

// Errorf makes an Error with a formatted reason.
func Errorf(what string, space Space, at uint64, reason string, args ...any) error {
	return &Error{What: what, Space: space, At: at, Reason: fmt.Sprintf(reason, args...)}
}

// Named puts the name of a structure into an error that was made where only its place was known, as
// pe.File.At makes them. A nil error stays nil.
func Named(err error, what string) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) || e.What != Data {
		return err
	}
	named := *e
	named.What = what
	return &named
}

// Data is the name of bytes whose meaning only the caller knows.
const Data = "data"
