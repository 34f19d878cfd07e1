package ui

import "io"

// SGR codes of the few colours in use.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
)

// colour follows the NO_COLOR convention: any value but the empty one switches colour off.
func (u *UI) colour(w io.Writer) bool {
	return u.env("NO_COLOR") == "" && u.terminal(w)
}

func (u *UI) paint(w io.Writer, code, text string) string {
	if !u.colour(w) {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Good, Bad and Warn colour a word of the data, where Out shows colour.
func (u *UI) Good(text string) string { return u.paint(u.Out, green, text) }
func (u *UI) Bad(text string) string  { return u.paint(u.Out, red, text) }
func (u *UI) Warn(text string) string { return u.paint(u.Out, yellow, text) }
