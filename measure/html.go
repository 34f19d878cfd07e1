package measure

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/r2rpack/r2rpack/trace"
)

//go:embed report.html
var pageText string

var page = template.Must(template.New("report").Parse(pageText))

// WriteHTML writes the report as one page that needs nothing else: drawings, numbers, and what they were measured on.
func (r *Report) WriteHTML(w io.Writer) error {
	return page.Execute(w, struct {
		*Report
		Name    string
		Charts  []*chart
		Figures []figure
	}{r, strings.Join(append([]string{filepath.Base(r.App)}, r.Args...), " "), r.charts(), r.figures()})
}

// charts are the drawings of all figures that are known.
func (r *Report) charts() []*chart {
	const dotted = "Each dot is one run, the bar reaches from the fastest to the 90th percentile, the mark is the median."
	var all []*chart
	for _, c := range []*chart{
		dots("Time, "+r.Time, dotted, "ms", r.Roots, func(t Root) *Series { return t.Milliseconds }),
		dots("Time on a cold start, "+r.Time, "The files of the root and of the application are read from the disk.", "ms", r.Roots, func(t Root) *Series { return t.Cold }),
		dots("Read from the disk on a cold start", "", "MB", r.Roots, func(t Root) *Series { return t.ColdRead }),
		dots("Processor time of the whole run", "", "ms", r.Roots, func(t Root) *Series { return t.CPU }),
		dots("Memory", "The largest resident set of a run.", "MiB", r.Roots, func(t Root) *Series { return t.Memory }),
		bars("Size of the root", "", "MB", r.Roots, nil, func(t Root) []float64 { return []float64{megabytes(t.Bytes)} },
			func(t Root) string { return r.size(t, func(t Root) int64 { return t.Bytes }) }),
		bars("Size of the root as tar.gz", "", "MB", r.Roots, nil, archiveParts,
			func(t Root) string { return r.size(t, func(t Root) int64 { return t.ArchiveBytes }) }),
		bars("Methods", "Of one run under EventPipe. What has no ReadyToRun code is compiled while the application starts.", "", r.Roots, []string{"ReadyToRun code", "compiled by the JIT"}, methodParts,
			func(t Root) string { return strconv.Itoa(t.Methods.Jitted) + " compiled" }),
	} {
		if c != nil {
			all = append(all, c)
		}
	}
	return all
}

func archiveParts(t Root) []float64 {
	if t.ArchiveBytes == 0 {
		return nil
	}
	return []float64{megabytes(t.ArchiveBytes)}
}

func methodParts(t Root) []float64 {
	if t.Methods == nil {
		return nil
	}
	return []float64{float64(t.Methods.Found), float64(t.Methods.Jitted)}
}

// size writes a size and its ratio to the first root's.
func (r *Report) size(t Root, of func(Root) int64) string {
	text := number(megabytes(of(t))) + " MB"
	if t.Path != r.Roots[0].Path {
		text += fmt.Sprintf(" · %.2f×", float64(of(t))/float64(of(r.Roots[0])))
	}
	return text
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }

// figure is a row of the table: one cell for each root, a dash for what is not known.
type figure struct {
	Name  string
	Cells []string
}

// figures are the rows of the table.
func (r *Report) figures() []figure {
	rows := []struct {
		name string
		cell func(Root) string
	}{
		{"time, min (ms)", func(t Root) string { return number(t.Milliseconds.Min) }},
		{"time, median (ms)", func(t Root) string { return number(t.Milliseconds.Median) }},
		{"time, 90th percentile (ms)", func(t Root) string { return number(t.Milliseconds.P90) }},
		{"ratio of minima", func(t Root) string { return ratioCell(t.Milliseconds, func(x Ratio) float64 { return x.Min }) }},
		{"ratio of medians", func(t Root) string { return ratioCell(t.Milliseconds, func(x Ratio) float64 { return x.Median }) }},
		{"95 % confidence of it", func(t Root) string { return bounds(t.Milliseconds) }},
		{"cold start, median (ms)", func(t Root) string { return middle(t.Cold) }},
		{"ratio of medians", func(t Root) string { return ratioCell(t.Cold, func(x Ratio) float64 { return x.Median }) }},
		{"95 % confidence of it", func(t Root) string { return bounds(t.Cold) }},
		{"processor time, median (ms)", func(t Root) string { return middle(t.CPU) }},
		{"memory, median (MiB)", func(t Root) string { return middle(t.Memory) }},
		{"root (MB)", func(t Root) string { return fmt.Sprintf("%.1f", megabytes(t.Bytes)) }},
		{"tar.gz (MB)", func(t Root) string { return known(t.ArchiveBytes > 0, fmt.Sprintf("%.1f", megabytes(t.ArchiveBytes))) }},
		{"methods with ReadyToRun code", func(t Root) string { return counted(t, func(n trace.Count) int { return n.Found }) }},
		{"looked for and not found", func(t Root) string { return counted(t, func(n trace.Count) int { return n.NotFound }) }},
		{"compiled by the JIT", func(t Root) string { return counted(t, func(n trace.Count) int { return n.Jitted }) }},
	}
	var all []figure
	for _, row := range rows {
		f := figure{Name: row.name}
		for _, t := range r.Roots {
			f.Cells = append(f.Cells, row.cell(t))
		}
		all = append(all, f)
	}
	return all
}

const unknown = "–"

func known(ok bool, text string) string {
	if !ok {
		return unknown
	}
	return text
}

func middle(s *Series) string {
	if s == nil {
		return unknown
	}
	return number(s.Median)
}

func ratioCell(s *Series, of func(Ratio) float64) string {
	switch {
	case s == nil:
		return unknown
	case s.Ratio == nil:
		return "1"
	}
	return fmt.Sprintf("%.3f", of(*s.Ratio))
}

func bounds(s *Series) string {
	if s == nil || s.Ratio == nil || s.Ratio.Low == nil {
		return unknown
	}
	return fmt.Sprintf("%.3f–%.3f", *s.Ratio.Low, *s.Ratio.High)
}

func counted(t Root, of func(trace.Count) int) string {
	if t.Methods == nil {
		return unknown
	}
	return strconv.Itoa(of(*t.Methods))
}
