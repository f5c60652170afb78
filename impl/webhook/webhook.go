// Package webhook delivers events to webhook endpoints. A delivery is a row, written in the transaction that recorded the
// event; it stays until the endpoint has answered 2xx or has had its last try. Whatever dies in between, the event is
// delivered: at least once, and in no particular order.
package webhook

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"fincon/impl/activity"
	"fincon/impl/clock"
	"fincon/impl/due"
	"fincon/impl/store"
)

// What happens at the same time. An endpoint that does not answer holds a few sends and no more, so that the others go on.
const (
	sends            = 256 // in all
	sendsPerEndpoint = 8   // while it answers
	firstSends       = 2   // before it is known whether it does
)

// DefaultTimeout is how long one try may take.
const DefaultTimeout = 10 * time.Second

// margin is how much longer a delivery is kept from others than one try may take: time to write down how it went. When a
// process dies, what it was sending is sent again after that.
const margin = 20 * time.Second

// Config is what deliveries are made with.
type Config struct {
	Store   *store.Store
	Clock   *clock.Clock
	Log     *slog.Logger
	Rules   Rules         // where deliveries may go
	Timeout time.Duration // how long one try may take; 0 is DefaultTimeout
	// Attempts remembers the tries of test mode; nil remembers none.
	Attempts *activity.Log[activity.Attempt]
}

// Deliveries brings events to their endpoints.
type Deliveries struct {
	Config
	runner *due.Runner
	test   *sender
	live   *sender
	slots  chan struct{} // full when as many sends run as may

	mu    sync.Mutex
	lanes map[store.EndpointKey]*lane
}

// New makes the deliveries a source of the runner's work.
func New(config Config, runner *due.Runner) *Deliveries {
	if config.Timeout == 0 {
		config.Timeout = DefaultTimeout
	}
	d := &Deliveries{
		Config: config, runner: runner, slots: make(chan struct{}, sends), lanes: map[store.EndpointKey]*lane{},
		test: newSender(config, false), live: newSender(config, true),
	}
	runner.AddSource(d.start)
	return d
}

// CheckURL holds the URL of an endpoint against the rules, see Rules.CheckURL.
func (d *Deliveries) CheckURL(ctx context.Context, url string, livemode bool) error {
	return d.Rules.CheckURL(ctx, url, livemode)
}

// start gives each endpoint for which something is due a lane of its own, or wakes the one it has.
func (d *Deliveries) start(ctx context.Context, now time.Time) error {
	endpoints, err := d.Store.EndpointsWithDueDeliveries(ctx, now.Unix())
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, endpoint := range endpoints {
		if l := d.lanes[endpoint]; l != nil {
			l.wake()
			continue
		}
		l := d.newLane(endpoint)
		d.lanes[endpoint] = l
		d.runner.Go(func() {
			defer d.end(endpoint)
			l.run(ctx)
		})
	}
	return nil
}

func (d *Deliveries) end(endpoint store.EndpointKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.lanes, endpoint)
}
