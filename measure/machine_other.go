//go:build !linux

package measure

func (m *Machine) describe() {}

func loadAverage() float64 { return 0 }

func readCPU() cpuTimes { return cpuTimes{} }
