package measure

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/r2rpack/r2rpack/trace"
)

// SchemaID names the form of a Report as JSON.
const SchemaID = "r2rpack-measure-1"

// What the time of a run is.
const (
	StartToEnd    = "start to end"
	FirstResponse = "first response"
)

// Report is what a measurement found. All its figures come from one measurement on one machine; they are not to be set
// against figures of another.
type Report struct {
	Schema   string   `json:"schema"` // SchemaID
	App      string   `json:"app"`
	Args     []string `json:"args"`
	Time     string   `json:"time"` // what is timed: StartToEnd or FirstResponse
	URLs     []string `json:"urls,omitempty"`
	Runs     int      `json:"runs"`
	Warmup   int      `json:"warmup"`
	Seed     uint64   `json:"seed"`
	Settings []string `json:"settings"` // variables in the environment that steer the runtime
	Machine  Machine  `json:"machine"`
	Roots    []Root   `json:"roots"` // ratios are to the first

	OutputCompared bool     `json:"outputCompared"`
	Findings       []string `json:"findings"` // roots on which the application shows something else
	Warnings       []string `json:"warnings"` // what makes figures doubtful
}

// Root is what was found of one root.
type Root struct {
	Path         string       `json:"root"`
	OwnApp       bool         `json:"ownApp,omitempty"`       // the application was compiled for this root, and lies in it
	Bytes        int64        `json:"bytes"`                  // of all its files but OwnApp
	Files        int          `json:"files"`                  //
	ArchiveBytes int64        `json:"archiveBytes,omitempty"` // as tar.gz by r2rpack pack
	Milliseconds *Series      `json:"milliseconds"`           // as Report.Time says
	CPU          *Series      `json:"cpuMilliseconds"`        // user and system time of the whole run
	Memory       *Series      `json:"memoryMiB,omitempty"`    // largest resident set
	Cold         *Series      `json:"coldMilliseconds,omitempty"`
	ColdRead     *Series      `json:"coldReadMB,omitempty"` // from disks, in millions of bytes
	Methods      *trace.Count `json:"methods,omitempty"`    // of one run under EventPipe
	SameOutput   bool         `json:"sameOutput"`           // as on the first root
}

func (m *measurement) warn(format string, args ...any) {
	m.result.Warnings = append(m.result.Warnings, fmt.Sprintf(format, args...))
}

// report turns what was measured into what is told.
func (m *measurement) report() *Report {
	r := &m.result
	r.Schema, r.App, r.Args, r.Time = SchemaID, m.App, append([]string{}, m.Args...), StartToEnd
	r.Runs, r.Warmup, r.Seed, r.Settings = m.Runs, m.Warmup, m.Seed, append([]string{}, settings(environment(os.Environ()))...)
	if m.Server != nil {
		r.Time, r.URLs = FirstResponse, m.Server.URLs
	}
	r.Findings = []string{}
	m.compareOutputs()
	m.series()
	m.judge()
	for _, t := range m.roots {
		r.Roots = append(r.Roots, t.Root)
	}
	r.Warnings = append([]string{}, r.Warnings...)
	return r
}

// series sums the samples up.
func (m *measurement) series() {
	for _, f := range []struct {
		of   func(*target) []sample
		take func(sample) float64
		to   func(*target) **Series
	}{
		{warmSamples, func(s sample) float64 { return ms(s.time) }, func(t *target) **Series { return &t.Milliseconds }},
		{warmSamples, func(s sample) float64 { return ms(s.cpu) }, func(t *target) **Series { return &t.CPU }},
		{warmSamples, func(s sample) float64 { return float64(s.rss) / (1 << 20) }, func(t *target) **Series { return &t.Memory }},
		{coldSamples, func(s sample) float64 { return ms(s.time) }, func(t *target) **Series { return &t.Cold }},
		{coldSamples, func(s sample) float64 { return float64(s.read) / 1e6 }, func(t *target) **Series { return &t.ColdRead }},
	} {
		m.sumUp(f.of, f.take, f.to)
	}
}

// sumUp makes one series for every root; a figure that is not known of every run is left out.
func (m *measurement) sumUp(of func(*target) []sample, take func(sample) float64, to func(*target) **Series) {
	all := make([]*Series, len(m.roots))
	for i, t := range m.roots {
		var values []float64
		for _, s := range of(t) {
			v := take(s)
			if v <= 0 {
				return
			}
			values = append(values, v)
		}
		if len(values) == 0 {
			return
		}
		if all[i] = newSeries(values); i > 0 {
			all[i].compare(all[0], m.Seed)
		}
	}
	for i, t := range m.roots {
		*to(t) = all[i]
	}
}

func warmSamples(t *target) []sample { return t.warm }
func coldSamples(t *target) []sample { return t.cold }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// judge warns of what makes figures doubtful.
func (m *measurement) judge() {
	if m.result.Machine.Busy {
		m.warn("the machine was busy: other programs kept %.1f of its %d cores at work; times are worth little, ratios less than usual",
			m.result.Machine.Others, m.result.Machine.Cores)
	}
	if m.Runs < minSamples {
		m.warn("%d runs are too few to say how sure a ratio is; make at least %d", m.Runs, minSamples)
	}
	if m.roots[0].Memory == nil {
		m.warn("memory is left out: this system does not tell it, or the application needs less than r2rpack itself")
	}
	if m.Cold && m.roots[0].ColdRead == nil {
		m.warn("cold runs read nothing from the disk: the files of the roots lie in memory, or the system keeps them there")
	}
}

// Title says in a line what was measured.
func (r *Report) Title() string {
	return fmt.Sprintf("%s, %s: %d runs on each root in random order (seed %d) after %d that do not count",
		strings.Join(append([]string{filepath.Base(r.App)}, r.Args...), " "), r.Time, r.Runs, r.Seed, r.Warmup)
}

// String says in a line what the machine is and what else it did.
func (m Machine) String() string {
	name := strings.TrimSpace(m.OS + " " + m.Kernel)
	if m.CPU != "" {
		name += ", " + m.CPU
	}
	return fmt.Sprintf("%s, %d cores, load %.2f before and %.2f after; other programs kept %.2f cores at work", name, m.Cores, m.LoadBefore, m.LoadAfter, m.Others)
}
