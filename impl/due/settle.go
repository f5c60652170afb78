package due

import (
	"context"
	"time"
)

// Settle waits until nothing is due at the clock's time and nothing is running, deliveries included. What was committed
// before the call, and all that follows from it without a pause, is then done, or has failed and waits for its next try.
// Work that another process has claimed is waited for, too.
func (r *Runner) Settle(ctx context.Context) error {
	settled := make(chan struct{})
	r.resume([]chan struct{}{settled})
	r.Kick()
	select {
	case <-settled:
		return nil
	case <-r.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// AdvanceTo moves the clock, which must be a test's, to the target, and stops on its way wherever something is due, until
// that is done: three days pass with all their refreshes and retries, each at its time. When ctx ends, the clock stays
// where it has come to. A target that is not ahead of the clock only settles.
func (r *Runner) AdvanceTo(ctx context.Context, target time.Time) error {
	r.advancing.Lock()
	defer r.advancing.Unlock()
	for {
		if err := r.Settle(ctx); err != nil {
			return err
		}
		next, found, err := r.store.NextDue(ctx)
		if err != nil {
			return err
		}
		now := r.clock.Now()
		if !found || next > target.Unix() {
			if !now.Before(target) {
				return nil
			}
			r.clock.Advance(target.Sub(now))
			continue
		}
		r.clock.Advance(time.Unix(next, 0).Sub(now)) // nothing, when the time has come meanwhile
	}
}
