package due_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/impl/clock"
	"fincon/impl/due"
	"fincon/impl/store"
	"fincon/tests/harness"
)

var scope = store.Scope{Tenant: "one"}

// world is a store, a clock that a test moves, and a runner that runs until the test ends.
type world struct {
	*due.Runner
	t     *testing.T
	kept  *store.Store
	clock *clock.Clock
	log   bytes.Buffer
	stop  func() // ends the runner
	// rounds has the time of each round in which something was due, after the due rows were claimed.
	rounds chan time.Time
}

func begin(t *testing.T, kind harness.Kind, register func(*world)) *world {
	t.Helper()
	kept := harness.NewDatabase(t, kind).Open()
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	w := &world{t: t, kept: kept, clock: clock.Test(0), rounds: make(chan time.Time)}
	w.Runner = due.New(kept, w.clock, slog.New(slog.NewTextHandler(&w.log, nil)))
	w.AddSource(func(_ context.Context, now time.Time) error {
		select {
		case w.rounds <- now:
		default:
		}
		return nil
	})
	register(w)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.Run(ctx); close(ended) }()
	w.stop = func() { cancel(); <-ended }
	t.Cleanup(w.stop)
	return w
}

// insert makes work due after a while.
func (w *world) insert(kind, key string, after time.Duration) {
	w.t.Helper()
	w.write(func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertDue(ctx, store.Due{
			Scope: scope, ID: "due_" + kind + key, Kind: kind, Key: key, DueAt: w.clock.Now().Add(after).Unix(), Payload: []byte("secret"),
		})
	})
}

func (w *world) write(work func(context.Context, *store.Tx) error) {
	w.t.Helper()
	require.NoError(w.t, w.kept.Write(w.t.Context(), work))
}

func (w *world) settle() {
	w.t.Helper()
	require.NoError(w.t, w.Settle(w.t.Context()))
}

// round waits until the runner has looked for due rows at the clock's time.
func (w *world) round() {
	for at := w.clock.Now(); (<-w.rounds).Before(at); {
	}
}

// done is a handler that removes its row.
func (w *world) done(ctx context.Context, work store.Due) error {
	return w.kept.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteDue(ctx, work) })
}

// runs are the keys of what ran, in order, with how long after the start.
type runs struct {
	mu    sync.Mutex
	start time.Time
	list  []string
}

func (r *runs) add(now time.Time, key string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, fmt.Sprint(key, " ", now.Sub(r.start).Round(time.Minute)))
	return len(r.list)
}

func TestSettle(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		var ran runs
		w := begin(t, kind, func(w *world) {
			ran.start = w.clock.Now()
			w.Register("first", func(ctx context.Context, work store.Due) error {
				ran.add(w.clock.Now(), work.Kind)
				return w.kept.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
					if err := tx.DeleteDue(ctx, work); err != nil {
						return err
					}
					return tx.InsertDue(ctx, store.Due{Scope: scope, ID: "due_2", Kind: "second", Key: "x", DueAt: w.clock.Now().Unix()})
				})
			})
			w.Register("second", func(ctx context.Context, work store.Due) error {
				ran.add(w.clock.Now(), work.Kind)
				return w.done(ctx, work)
			})
		})
		w.settle() // nothing at all
		w.insert("first", "a", 0)
		w.insert("second", "later", time.Hour)
		w.settle()
		require.Equal(t, []string{"first 0s", "second 0s"}, ran.list, "what follows at once is waited for, what is due later is not")
		w.settle()
		require.Len(t, ran.list, 2)
	})
}

// TestMovedClock: a move of the clock alone wakes the runner.
func TestMovedClock(t *testing.T) {
	t.Parallel()
	ran := make(chan string, 1)
	w := begin(t, harness.Memory, func(w *world) {
		w.Register("kind", func(ctx context.Context, work store.Due) error {
			ran <- work.Key
			return w.done(ctx, work)
		})
	})
	w.insert("kind", "a", time.Hour)
	w.settle()
	require.Empty(t, ran)
	w.clock.Advance(time.Hour)
	require.Equal(t, "a", <-ran)
}

// TestAdvanceTo: three days pass with everything at its time and in its order.
func TestAdvanceTo(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		var ran runs
		w := begin(t, kind, func(w *world) {
			ran.start = w.clock.Now()
			w.Register("daily", func(ctx context.Context, work store.Due) error {
				ran.add(w.clock.Now(), work.Key)
				return w.kept.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
					return tx.RescheduleDue(ctx, work, work.DueAt+24*60*60)
				})
			})
			w.Register("once", func(ctx context.Context, work store.Due) error {
				ran.add(w.clock.Now(), work.Key)
				return w.done(ctx, work)
			})
		})
		w.insert("daily", "morning", 8*time.Hour)
		w.insert("daily", "evening", 20*time.Hour)
		w.insert("once", "noon", 36*time.Hour)
		w.insert("once", "too late", 100*time.Hour)
		target := w.clock.Now().Add(72 * time.Hour)
		require.NoError(t, w.AdvanceTo(t.Context(), target))
		require.Equal(t, []string{
			"morning 8h0m0s", "evening 20h0m0s", "morning 32h0m0s", "noon 36h0m0s", "evening 44h0m0s", "morning 56h0m0s",
			"evening 68h0m0s",
		}, ran.list)
		require.WithinDuration(t, target, w.clock.Now(), time.Minute)
		require.NoError(t, w.AdvanceTo(t.Context(), target.Add(-time.Hour)))
		require.Len(t, ran.list, 7)
		require.False(t, w.clock.Now().Before(target), "never back")
	})
}

// TestFailuresAreTriedAgain: an error and a panic are logged without the payload, and the work is tried again.
func TestFailuresAreTriedAgain(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		var ran runs
		w := begin(t, kind, func(w *world) {
			ran.start = w.clock.Now()
			w.Register("kind", func(ctx context.Context, work store.Due) error {
				switch ran.add(w.clock.Now(), work.Key) {
				case 1:
					return errors.New("the bank is closed")
				case 2:
					panic("oh")
				}
				return w.done(ctx, work)
			})
		})
		w.insert("kind", "a", 0)
		w.settle()
		require.Len(t, ran.list, 1)
		require.NoError(t, w.AdvanceTo(t.Context(), w.clock.Now().Add(time.Minute)))
		require.Len(t, ran.list, 3)
		_, found, err := w.kept.NextDue(t.Context())
		require.NoError(t, err)
		require.False(t, found)
		w.stop()
		require.Contains(t, w.log.String(), "the bank is closed")
		require.Contains(t, w.log.String(), "panic: oh")
		require.NotContains(t, w.log.String(), "secret")
	})
}

func TestUnknownKindIsKept(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.Memory, func(*world) {})
	w.insert("of a newer server", "a", 0)
	w.settle()
	_, found, err := w.kept.NextDue(t.Context())
	require.NoError(t, err)
	require.True(t, found)
	w.stop()
	require.Contains(t, w.log.String(), "of a newer server")
}

func TestPause(t *testing.T) {
	t.Parallel()
	for failures, pause := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 12: 2048 * time.Second, 13: time.Hour, 14: time.Hour, 1 << 40: time.Hour,
	} {
		require.Equal(t, pause, due.Pause(failures), failures)
	}
}

// TestLease: work of a process that died goes on when its lease has run out, and not before.
func TestLease(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		ran := make(chan string, 1)
		w := begin(t, kind, func(w *world) {
			w.Register("kind", func(ctx context.Context, work store.Due) error {
				ran <- work.Key
				return w.done(ctx, work)
			})
		})
		w.insert("kind", "a", time.Hour)
		at := w.clock.Now().Add(time.Hour).Unix()
		claimed, err := w.kept.ClaimDue(t.Context(), at, at+60, 10) // by the one that dies
		require.NoError(t, err)
		require.Len(t, claimed, 1)
		w.clock.Advance(time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		unsettled := make(chan error, 1)
		go func() { unsettled <- w.Settle(ctx) }()
		w.round()
		require.Empty(t, ran)
		require.Empty(t, unsettled, "claimed work is not done")
		cancel()
		require.ErrorIs(t, <-unsettled, context.Canceled)
		w.clock.Advance(time.Minute)
		require.Equal(t, "a", <-ran)
	})
}

// TestRunsOnceAtATime: work that runs when the clock is moved past its lease is not begun a second time.
func TestRunsOnceAtATime(t *testing.T) {
	t.Parallel()
	began, finish := make(chan struct{}, 2), make(chan struct{})
	w := begin(t, harness.Memory, func(w *world) {
		w.Register("kind", func(ctx context.Context, work store.Due) error {
			began <- struct{}{}
			<-finish
			return w.done(ctx, work)
		})
	})
	w.insert("kind", "a", 0)
	w.Kick()
	<-began
	w.clock.Advance(time.Hour)
	w.round()
	close(finish)
	w.settle()
	require.Empty(t, began)
}

// TestConcurrency: sixteen at a time, and all in the end.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	const work, most = 100, 16
	began, finish := make(chan struct{}, work), make(chan struct{})
	w := begin(t, harness.Memory, func(w *world) {
		w.Register("kind", func(ctx context.Context, work store.Due) error {
			began <- struct{}{}
			<-finish
			return w.done(ctx, work)
		})
	})
	for i := range work {
		w.insert("kind", fmt.Sprint(i), 0)
	}
	w.Kick()
	for range most {
		<-began
	}
	require.Empty(t, began)
	close(finish)
	w.settle()
	require.Len(t, began, work-most)
}

// TestStop: what runs when the server stops is finished, or interrupted and due when it starts again.
func TestStop(t *testing.T) {
	t.Parallel()
	began := make(chan struct{})
	w := begin(t, harness.Memory, func(w *world) {
		w.Register("kind", func(ctx context.Context, work store.Due) error {
			close(began)
			<-ctx.Done()
			return ctx.Err()
		})
	})
	w.insert("kind", "a", 0)
	w.Kick()
	<-began
	w.stop()
	require.ErrorIs(t, w.Settle(t.Context()), due.ErrStopped)
	now := w.clock.Now().Unix()
	claimed, err := w.kept.ClaimDue(t.Context(), now, now+60, 1)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
}
