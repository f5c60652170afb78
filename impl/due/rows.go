package due

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"fincon/impl/store"
)

// startRows is the source of due rows.
func (r *Runner) startRows(ctx context.Context, now time.Time) error {
	r.mu.Lock()
	free := concurrency - len(r.handling)
	r.mu.Unlock()
	if free == 0 {
		return nil
	}
	claimed, err := r.store.ClaimDue(ctx, now.Unix(), now.Add(lease).Unix(), free)
	if err != nil {
		return err
	}
	for _, work := range claimed {
		if r.hold(work) {
			r.Go(func() {
				defer r.release(work)
				r.handle(ctx, work)
			})
		}
	}
	return nil
}

// row names a due row.
type row struct {
	scope store.Scope
	id    string
}

func rowOf(work store.Due) row { return row{work.Scope, work.ID} }

// hold refuses work that is running here: the clock was moved past the end of its lease.
func (r *Runner) hold(work store.Due) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, held := r.handling[rowOf(work)]; held {
		return false
	}
	r.handling[rowOf(work)] = struct{}{}
	return true
}

func (r *Runner) release(work store.Due) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.handling, rowOf(work))
}

// handle runs the handler of the work, and makes it due again later when that fails.
func (r *Runner) handle(ctx context.Context, work store.Due) {
	err := r.call(ctx, work)
	failures := r.count(work, err != nil)
	if err == nil {
		return
	}
	pause := Pause(failures)
	if ctx.Err() != nil {
		pause = 0 // the server stops: the work is not at fault, and goes on when the server starts
	}
	r.log.Error("work that is due has failed and is tried again", "kind", work.Kind, "key", work.Key,
		"failures", failures, "pause", pause, "cause", err)
	err = r.store.Write(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		return tx.RescheduleDue(ctx, work, r.clock.Now().Add(pause).Unix())
	})
	if err != nil { // it is tried again when the lease has run out
		r.log.Error("put off work that has failed", "kind", work.Kind, "key", work.Key, "cause", err)
	}
}

// count is how often in a row the work has failed in this process. The attempts that the store counts are no measure:
// work that is done every day has many of them.
func (r *Runner) count(work store.Due, failed bool) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !failed {
		delete(r.failures, rowOf(work))
		return 0
	}
	if len(r.failures) >= maxFailures { // of work that was cancelled, most of it
		clear(r.failures)
	}
	r.failures[rowOf(work)]++
	return r.failures[rowOf(work)]
}

// call runs the handler; a panic is an error like any other.
func (r *Runner) call(ctx context.Context, work store.Due) (err error) {
	handler := r.handlers[work.Kind]
	if handler == nil {
		return fmt.Errorf("this server knows no work of the kind %q", work.Kind)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return handler(ctx, work)
}

// Pause is for how long work rests that has failed this many times in a row: a second at first, twice as long each time,
// an hour at most.
func Pause(failures int) time.Duration {
	const first, longest = time.Second, time.Hour
	if failures > 12 { // 2^12 seconds are more than an hour
		return longest
	}
	return min(first<<max(failures-1, 0), longest)
}
