// Package due runs work that is due. Such work is a row with a due time on the server's clock, written in the transaction
// that causes it, so that nothing is lost when a process dies and nothing happens when a transaction does not.
package due

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"fincon/impl/clock"
	"fincon/impl/store"
)

const (
	// concurrency bounds how many handlers run at a time.
	concurrency = 16
	// lease is for how long claimed work is kept from others; when a process dies, its work starts anew after that.
	lease = time.Minute
	// patience is how long a handler may take. It ends before the lease does.
	patience = 50 * time.Second
	// poll is how often a process looks for work that others committed.
	poll = time.Second
	// maxFailures bounds of how many pieces of work it is known how often they have failed.
	maxFailures = 10_000
	// grace is how long work may go on when the server stops.
	grace = 5 * time.Second
)

// ErrStopped is the answer of Settle when the runner has stopped.
var ErrStopped = errors.New("due: the runner has stopped")

// Handler does the work and removes or reschedules its row in its own transaction. It may run more than once for one
// row, never at the same time in one process, and ctx ends before its lease does. When it fails, the work is tried
// again, see Pause. Its error is logged, so it says nothing that is secret.
type Handler func(ctx context.Context, work store.Due) error

// Source is where further work comes from. It starts with Runner.Go what is due at now and is not running yet, and
// returns without waiting for it. Its due times count in Store.NextDue. ctx holds for what it starts: it ends a few
// seconds after Runner.Stopping, from which on nothing new is begun.
type Source func(ctx context.Context, now time.Time) error

// Runner runs what is due. Register handlers and sources before Run.
type Runner struct {
	store    *store.Store
	clock    *clock.Clock
	log      *slog.Logger
	handlers map[string]Handler
	sources  []Source

	wake     chan struct{} // holds one: look again
	stopping chan struct{}
	stopped  chan struct{}
	group    sync.WaitGroup // what is running

	mu       sync.Mutex
	running  int
	handling map[row]struct{}
	failures map[row]int
	settling []chan struct{} // closed when nothing is due and nothing is running

	advancing sync.Mutex
}

// New makes a runner of the work in the store. Nothing runs before Run.
func New(kept *store.Store, serverTime *clock.Clock, log *slog.Logger) *Runner {
	r := &Runner{
		store: kept, clock: serverTime, log: log, handlers: map[string]Handler{}, handling: map[row]struct{}{},
		failures: map[row]int{}, wake: make(chan struct{}, 1), stopping: make(chan struct{}), stopped: make(chan struct{}),
	}
	r.AddSource(r.startRows)
	return r
}

// Register names the handler of a kind.
func (r *Runner) Register(kind string, handler Handler) { r.handlers[kind] = handler }

// AddSource adds a source of work.
func (r *Runner) AddSource(source Source) { r.sources = append(r.sources, source) }

// Kick says that work was committed. It never waits.
func (r *Runner) Kick() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Go runs a piece of work for a source. When it ends, the runner looks for what it has made due.
func (r *Runner) Go(work func()) {
	r.mu.Lock()
	r.running++
	r.mu.Unlock()
	r.group.Go(func() {
		defer func() {
			r.mu.Lock()
			r.running--
			r.mu.Unlock()
			r.Kick()
		}()
		work()
	})
}

// Stopping is closed when the runner is about to stop.
func (r *Runner) Stopping() <-chan struct{} { return r.stopping }

// Run runs what is due until ctx ends, and then lets what is running finish for a few seconds. It runs once.
func (r *Runner) Run(ctx context.Context) {
	defer close(r.stopped)
	working, interrupt := context.WithCancel(context.WithoutCancel(ctx))
	defer interrupt()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		moved := r.clock.Changed() // before looking at the clock, so that no move goes unseen
		timer.Reset(r.round(working))
		select {
		case <-ctx.Done():
			close(r.stopping)
			defer time.AfterFunc(grace, interrupt).Stop()
			r.group.Wait()
			return
		case <-r.wake:
		case <-moved:
		case <-timer.C:
		}
	}
}

// round starts what is due, and returns after how long to look again if nothing happens until then.
func (r *Runner) round(ctx context.Context) time.Duration {
	// The order matters: only rounds start work, so if nothing was running and then nothing is due, all is done that was
	// committed before.
	settling := r.idle()
	next, found, err := r.store.NextDue(ctx)
	now := r.clock.Now()
	if err == nil && (!found || next > now.Unix()) {
		for _, settled := range settling {
			close(settled)
		}
		if found {
			return min(poll, time.Unix(next, 0).Sub(now))
		}
		return poll
	}
	r.resume(settling)
	if err == nil {
		for _, source := range r.sources {
			err = errors.Join(err, source(ctx, now))
		}
	}
	if err != nil {
		r.log.Error("look for work that is due", "cause", err)
	}
	return poll
}

// idle takes those who wait for everything to be done, if nothing is running.
func (r *Runner) idle() []chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running > 0 {
		return nil
	}
	settling := r.settling
	r.settling = nil
	return settling
}

// resume lets them wait on.
func (r *Runner) resume(settling []chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settling = append(r.settling, settling...)
}
