// Package fault is the one error type that users see: what went wrong, where, why, and what to do about it.
package fault

import (
	"errors"
	"fmt"
	"io/fs"
)

// Error is a failure told in one line. Where names the file, package or value at fault, What says what is wrong with
// it, Hint (may be empty) what the user can do. Err, if any, is the cause and ends the line.
type Error struct {
	Where string
	What  string
	Hint  string
	Usage bool // the call itself was wrong (exit code 2), not the data it named
	Err   error
}

// Error gives "where: what: cause", leaving out what is empty. The hint is not part of it: the terminal shows it on
// a line of its own.
func (e *Error) Error() string {
	text := e.What
	if e.Err != nil {
		if text != "" {
			text += ": "
		}
		text += e.Err.Error()
	}
	if e.Where != "" {
		text = e.Where + ": " + text
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error about where, with a formatted description.
func New(where, format string, args ...any) *Error {
	return &Error{Where: where, What: fmt.Sprintf(format, args...)}
}

// Wrap puts where and what in front of a cause; a nil cause stays nil.
func Wrap(err error, where, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Where: where, What: fmt.Sprintf(format, args...), Err: err}
}

// Usage makes an error for a call that is wrong in itself.
func Usage(where, format string, args ...any) *Error {
	e := New(where, format, args...)
	e.Usage = true
	return e
}

// WithHint adds what the user can do.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Cause takes operation and path off an error of the file system, for a message that names the path itself.
func Cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// Hint gives the first hint in err's chain.
func Hint(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}

// IsUsage says whether any error in the chain is a usage error.
func IsUsage(err error) bool {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return false
		}
		if e.Usage {
			return true
		}
		err = e.Err
	}
	return false
}
