package cache

import (
	"context"
	"errors"
	"os"
	"time"
)

// errLocked is what tryLock gives while another holds the lock.
var errLocked = errors.New("locked by another")

// The pause between two tries for a lock grows from the first to the last. Trying, rather than waiting inside the
// system, is what lets a context end the wait.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 200 * time.Millisecond
)

// lock takes the lock that the file at path stands for, waiting while another goroutine or process has it. The system
// gives the lock back when its holder dies. The file stays: removing it would let two holders lock two files of one name.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if err = tryLock(f); err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, errLocked) {
			break
		}
		if err = sleep(ctx, pause); err != nil {
			break
		}
	}
	_ = f.Close()
	return nil, err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
