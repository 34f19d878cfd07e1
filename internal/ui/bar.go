package ui

import (
	"io"
	"sync"

	"github.com/schollz/progressbar/v3"

	"github.com/r2rpack/r2rpack/internal/progress"
)

// bars shows one task at a time on one line: the first that is under way. Errors of the bar are its own affair and
// never reach the work that it reports on.
type bars struct {
	w      io.Writer
	colour bool
	mu     sync.Mutex
	shown  *bar
}

type bar struct {
	owner *bars
	pb    *progressbar.ProgressBar
	name  string
}

var _ progress.Reporter = (*bars)(nil)

func (b *bars) Start(name string, total int64) progress.Task {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &bar{owner: b, name: name}
	if b.shown == nil {
		b.shown = t
		t.pb = b.newBar(name, total)
	}
	return t
}

func (b *bars) newBar(name string, total int64) *progressbar.ProgressBar {
	if total == 0 {
		total = -1
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(b.w),
		progressbar.OptionSetDescription(name),
		progressbar.OptionEnableColorCodes(b.colour),
		progressbar.OptionShowBytes(total > 1<<20),
		progressbar.OptionSetWidth(24),
		progressbar.OptionThrottle(100e6),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSpinnerType(14),
	)
}

func (t *bar) Add(n int64) {
	t.owner.mu.Lock()
	defer t.owner.mu.Unlock()
	if t.pb != nil {
		_ = t.pb.Add64(n)
	}
}

func (t *bar) Status(text string) {
	t.owner.mu.Lock()
	defer t.owner.mu.Unlock()
	if t.pb != nil {
		t.pb.Describe(t.name + ": " + clip(text, 48))
	}
}

func (t *bar) Done() {
	t.owner.mu.Lock()
	defer t.owner.mu.Unlock()
	if t.pb == nil {
		return
	}
	_ = t.pb.Finish()
	_ = t.pb.Clear()
	t.pb = nil
	t.owner.shown = nil
}

func clip(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
