// Package ui is the terminal: what is printed, where, and whether anyone watches. No other package prints.
package ui

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
)

// UI writes data to Out and everything else to Err. Set Quiet and JSON before the first output.
type UI struct {
	Out   io.Writer
	Err   io.Writer
	Quiet bool // no notes and no progress
	JSON  bool // data and errors as JSON, no notes and no progress
	env   func(string) string
}

// New gives the UI of a process; env answers for its environment (os.Getenv).
func New(out, err io.Writer, env func(string) string) *UI {
	return &UI{Out: out, Err: err, env: env}
}

// Env gives a variable of the environment.
func (u *UI) Env(name string) string { return u.env(name) }

// PrintJSON writes a value to Out, indented, with a final newline.
func (u *UI) PrintJSON(v any) error {
	enc := json.NewEncoder(u.Out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// Printf writes data to Out.
func (u *UI) Printf(format string, args ...any) { fmt.Fprintf(u.Out, format, args...) }

// Note tells the user something that is not data.
func (u *UI) Note(format string, args ...any) {
	if !u.Quiet && !u.JSON {
		fmt.Fprintf(u.Err, format+"\n", args...)
	}
}

// Fail prints an error and its hint: one line each, or one JSON object.
func (u *UI) Fail(err error) {
	if u.JSON {
		line, _ := json.Marshal(struct {
			Error string `json:"error"`
			Hint  string `json:"hint,omitempty"`
		}{oneLine(err.Error()), fault.Hint(err)})
		fmt.Fprintf(u.Err, "%s\n", line)
		return
	}
	fmt.Fprintf(u.Err, "r2rpack: %s %s\n", u.paint(u.Err, red, "error:"), oneLine(err.Error()))
	if hint := fault.Hint(err); hint != "" {
		fmt.Fprintf(u.Err, "r2rpack: %s %s\n", u.paint(u.Err, yellow, "hint:"), oneLine(hint))
	}
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

// Progress reports long work on a terminal, and nowhere else.
func (u *UI) Progress() progress.Reporter {
	if u.Quiet || u.JSON || u.env("CI") != "" || !u.terminal(u.Err) {
		return progress.None
	}
	return &bars{w: u.Err, colour: u.colour(u.Err)}
}

// terminal says whether a writer is a terminal that can move its cursor.
func (u *UI) terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && u.env("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}
