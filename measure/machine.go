package measure

import (
	"runtime"
	"time"
)

// Machine is what the measurement ran on, and what else went on there meanwhile.
type Machine struct {
	OS          string  `json:"os"`
	Kernel      string  `json:"kernel,omitempty"`
	CPU         string  `json:"cpu,omitempty"`
	Cores       int     `json:"cores"`
	MemoryBytes int64   `json:"memoryBytes,omitempty"`
	LoadBefore  float64 `json:"loadBefore"` // of one minute
	LoadAfter   float64 `json:"loadAfter"`
	Others      float64 `json:"otherCores"` // cores that other programs kept at work, on average while the runs that count were made
	Busy        bool    `json:"busy"`       // Others is more than busyShare of the cores
}

// busyShare is the share of the cores from which on others disturb a measurement.
const busyShare = 0.05

// watch looks at the machine while something is measured.
type watch struct {
	machine Machine
	start   time.Time
	before  cpuTimes
}

// cpuTimes are processor times so far: of the whole machine, and of this process with those that it ran.
type cpuTimes struct {
	machine, own time.Duration
	known        bool
}

func startWatch() *watch {
	w := &watch{machine: Machine{OS: runtime.GOOS, Cores: runtime.NumCPU()}}
	w.machine.describe()
	w.machine.LoadBefore = loadAverage()
	w.start, w.before = time.Now(), readCPU()
	return w
}

func (w *watch) stop() Machine {
	after, wall := readCPU(), time.Since(w.start)
	m := w.machine
	m.LoadAfter = loadAverage()
	if w.before.known && after.known && wall > 0 {
		others := (after.machine - w.before.machine) - (after.own - w.before.own)
		m.Others = max(0, others.Seconds()/wall.Seconds())
		m.Busy = m.Others > busyShare*float64(m.Cores)
	}
	return m
}
