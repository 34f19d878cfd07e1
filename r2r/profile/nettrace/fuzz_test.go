package nettrace

import (
	"runtime"
	"strings"
	"testing"
)

// FuzzMethods reads anything as a trace: no panic, no hang, and memory in proportion to the input.
func FuzzMethods(f *testing.F) {
	f.Add(sample() + end)
	f.Add(runtimeTrace(usageEvents()...))
	f.Add(object(sample(), "EventBlock", blockHead(0)+u32(84)+u32(1)+strings.Repeat("\x00", 80)) + end)
	f.Add(object(sample(), "SPBlock", u64(9)+u32(1)+u64(5)+u32(3)))
	f.Fuzz(func(t *testing.T, data string) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		u, err := Methods(t.Context(), strings.NewReader(data))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20+1000*uint64(len(data)) {
			t.Errorf("%d bytes allocated for %d", n, len(data))
		}
		if err != nil {
			return
		}
		for m := range u.Methods {
			u.Identity(m.ID)
		}
	})
}

func FuzzPayloads(f *testing.F) {
	for _, p := range payloads {
		f.Add([]byte(p.payload))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range payloads {
			_, _ = p.decode(data)
		}
	})
}
