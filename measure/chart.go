package measure

import (
	"math"
	"strconv"
)

// chart is a drawing of one figure on all roots, one row each, laid out for a view box 760 units wide.
type chart struct {
	Title, Note string
	Unit        string
	Rows        []chartRow
	Ticks       []tick
	Legend      []string // names of the parts of stacked bars
	PlotHeight  float64  // of all rows
	Height      float64  // with the axis
}

// chartRow is one root: samples as dots with a mark at the median, or a bar in parts.
type chartRow struct {
	Label, Full string // Full is the label where it had to be clipped
	Value       string // at the end of the row
	Baseline    bool   // the first root
	Top, Middle float64
	Dots        []float64 // x
	Band        *span     // from the smallest sample to the 90th percentile
	Mark        float64   // x of the median
	Parts       []part
}

type span struct{ X, Width float64 }

// part is one piece of a stacked bar.
type part struct {
	span
	Class string // p0, p1, …
}

type tick struct {
	X    float64
	Text string
}

// Layout of a chart, in units of the view box. The template knows them too.
const (
	plotLeft   = 170.0
	plotRight  = 610.0
	rowHeight  = 34.0
	axisHeight = 26.0
	maxLabel   = 24 // letters
)

// scale maps values from 0 to its end onto the plot.
type scale struct{ end float64 }

func (s scale) x(v float64) float64 {
	return math.Round((plotLeft+(plotRight-plotLeft)*v/s.end)*10) / 10
}

func (s scale) span(from, to float64) span {
	x := s.x(from)
	return span{x, math.Max(0.5, math.Round((s.x(to)-x)*10)/10)}
}

// newScale rounds the largest value up to a number that divides into ticks; zero is always on the axis, so that lengths
// compare as the values do.
func newScale(largest float64) (scale, []tick) {
	if largest <= 0 {
		largest = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(largest)))
	for _, f := range []float64{0.2, 0.25, 0.5, 1, 2} {
		if largest/(step*f) <= 6 {
			step *= f
			break
		}
	}
	s := scale{step * math.Ceil(largest/step)}
	var ticks []tick
	for n := 0; float64(n)*step <= s.end*1.0001; n++ {
		ticks = append(ticks, tick{s.x(float64(n) * step), strconv.FormatFloat(float64(n)*step, 'g', 6, 64)})
	}
	return s, ticks
}

// dots draws a series of every root.
func dots(title, note, unit string, roots []Root, of func(Root) *Series) *chart {
	largest := 0.0
	for _, r := range roots {
		if of(r) == nil {
			return nil
		}
		largest = max(largest, of(r).Max)
	}
	s, ticks := newScale(largest)
	c := newChart(title, note, unit, roots, ticks)
	for i, r := range roots {
		row, series := &c.Rows[i], of(r)
		for _, v := range series.Samples {
			row.Dots = append(row.Dots, s.x(v))
		}
		band := s.span(series.Min, series.P90)
		row.Band, row.Mark = &band, s.x(series.Median)
		row.Value = number(series.Median) + " " + unit
		if series.Ratio != nil {
			row.Value += " · " + strconv.FormatFloat(series.Ratio.Median, 'f', 2, 64) + "×"
		}
	}
	return c
}

// bars draws a bar in parts for every root; parts gives nil where a root has none.
func bars(title, note, unit string, roots []Root, legend []string, parts func(Root) []float64, value func(Root) string) *chart {
	largest := 0.0
	for _, r := range roots {
		if parts(r) == nil {
			return nil
		}
		largest = max(largest, sum(parts(r)))
	}
	s, ticks := newScale(largest)
	c := newChart(title, note, unit, roots, ticks)
	c.Legend = legend
	for i, r := range roots {
		from := 0.0
		for n, v := range parts(r) {
			if v > 0 {
				c.Rows[i].Parts = append(c.Rows[i].Parts, part{s.span(from, from+v), "p" + strconv.Itoa(n)})
			}
			from += v
		}
		c.Rows[i].Value = value(r)
	}
	return c
}

func sum(list []float64) float64 {
	total := 0.0
	for _, v := range list {
		total += v
	}
	return total
}

func newChart(title, note, unit string, roots []Root, ticks []tick) *chart {
	c := &chart{Title: title, Note: note, Unit: unit, Ticks: ticks, PlotHeight: rowHeight * float64(len(roots))}
	c.Height = c.PlotHeight + axisHeight
	for i, r := range roots {
		top := rowHeight * float64(i)
		c.Rows = append(c.Rows, chartRow{Label: clip(r.Path), Full: r.Path, Baseline: i == 0, Top: top, Middle: top + rowHeight/2})
	}
	return c
}

// clip leaves the end of a long name, which is what tells paths apart.
func clip(name string) string {
	letters := []rune(name)
	if len(letters) <= maxLabel {
		return name
	}
	return "…" + string(letters[len(letters)-maxLabel+1:])
}

// number writes a figure with the digits that matter.
func number(v float64) string {
	switch {
	case v >= 100 || v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}
