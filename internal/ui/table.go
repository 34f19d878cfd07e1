package ui

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Table is a list of rows under a head, printed in aligned columns.
type Table struct {
	Head  []string
	Right []bool // columns set to the right, such as sizes; may be shorter than Head
	Rows  [][]string
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// PrintTable writes a table to Out; columns are two spaces apart and no line ends in spaces.
func (u *UI) PrintTable(t *Table) {
	widths := t.widths()
	u.printRow(t, widths, t.Head)
	for _, row := range t.Rows {
		u.printRow(t, widths, row)
	}
}

func (t *Table) widths() []int {
	widths := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func (u *UI) printRow(t *Table, widths []int, row []string) {
	var line strings.Builder
	for i, cell := range row {
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i < len(t.Right) && t.Right[i] {
			line.WriteString(pad + cell + "  ")
		} else {
			line.WriteString(cell + pad + "  ")
		}
	}
	fmt.Fprintln(u.Out, strings.TrimRight(line.String(), " "))
}

// Bytes gives a size for people, in decimal units as disks and registries count them.
func Bytes(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1000*1000*1000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}
