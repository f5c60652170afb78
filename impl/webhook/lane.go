package webhook

import (
	"cmp"
	"context"
	"slices"
	"time"

	"fincon/impl/store"
)

// lane delivers to one endpoint until nothing is due for it: a few at a time, and how those went is written down together.
// One goroutine runs it; the sends are goroutines of their own.
type lane struct {
	*Deliveries
	endpoint store.EndpointKey
	// limit is how many sends may run: few at first, fewer after each one that failed, more after each that did not. So
	// endpoints that never answer, even many of them, do not take all there is.
	limit    int
	sending  map[string]struct{} // the events that are under way
	outcomes chan outcome
	woken    chan struct{} // holds one: more may be due
}

// outcome is how a try went.
type outcome struct {
	store.Delivery
	fate fate
}

type fate int

const (
	delivered   fate = iota
	failed           // to be tried again, if there is a try left
	abandoned        // not to be tried again: the endpoint is disabled or gone
	interrupted      // the server stops; the lease runs out
)

func (d *Deliveries) newLane(endpoint store.EndpointKey) *lane {
	return &lane{
		Deliveries: d, endpoint: endpoint, limit: firstSends, sending: map[string]struct{}{},
		outcomes: make(chan outcome, sendsPerEndpoint), woken: make(chan struct{}, 1),
	}
}

func (l *lane) wake() {
	select {
	case l.woken <- struct{}{}:
	default:
	}
}

// rest is how long a lane stays that has found nothing, so that it is not begun anew at once: another process was faster,
// or the database has failed.
const rest = time.Second

// run ends when nothing was due any more and nothing is under way.
func (l *lane) run(ctx context.Context) {
	for sent := false; ; sent = true {
		l.fill(ctx)
		if len(l.sending) == 0 {
			if !sent {
				l.rest()
			}
			return
		}
		select {
		case first := <-l.outcomes:
			l.settle(ctx, first)
		case <-l.woken:
		}
	}
}

func (l *lane) rest() {
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.runner.Stopping():
	}
}

// fill starts as many sends as may run and are due.
func (l *lane) fill(ctx context.Context) {
	slots := l.take(l.limit - len(l.sending))
	if slots == 0 {
		return
	}
	now := l.Clock.Now()
	claimed, err := l.Store.ClaimDeliveries(ctx, l.endpoint, now.Unix(), now.Add(l.Timeout+margin).Unix(), slots)
	if err != nil && ctx.Err() == nil {
		l.Log.Error("look for deliveries that are due", "endpoint", l.endpoint.ID, "cause", err)
	}
	for _, delivery := range claimed {
		if _, under := l.sending[delivery.Event]; under { // the clock was moved past the end of its lease
			continue
		}
		l.sending[delivery.Event] = struct{}{}
		slots--
		go func() { l.outcomes <- outcome{delivery.Delivery, l.try(ctx, delivery)} }()
	}
	l.give(slots)
}

// take waits for a slot if nothing of this lane is under way, and takes up to most without waiting for more. When the
// server stops there are none.
func (l *lane) take(most int) (taken int) {
	select {
	case <-l.runner.Stopping():
		return 0
	default:
	}
	if len(l.sending) == 0 {
		select {
		case l.slots <- struct{}{}:
			taken = 1
		case <-l.runner.Stopping():
			return 0
		}
	}
	for taken < most {
		select {
		case l.slots <- struct{}{}:
			taken++
		default:
			return taken
		}
	}
	return taken
}

func (l *lane) give(slots int) {
	for range slots {
		<-l.slots
	}
}

// settle writes down how tries went, the first and all that have ended since.
func (l *lane) settle(ctx context.Context, first outcome) {
	ended := []outcome{first}
	for len(ended) < len(l.sending) {
		select {
		case next := <-l.outcomes:
			ended = append(ended, next)
			continue
		default:
		}
		break
	}
	l.give(len(ended))
	for _, o := range ended {
		delete(l.sending, o.Event)
		if o.fate == delivered {
			l.limit = min(l.limit*2, sendsPerEndpoint)
		} else {
			l.limit = max(l.limit/2, 1)
		}
	}
	// Two lanes that write about the same events do so in the same order, and do not wait for each other in a circle.
	slices.SortFunc(ended, func(a, b outcome) int { return cmp.Compare(a.Event, b.Event) })
	err := l.Store.Write(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		for _, o := range ended {
			if err := l.write(ctx, tx, o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil { // what was delivered is delivered once more when its lease has run out
		l.Log.Error("write down how deliveries went", "endpoint", l.endpoint.ID, "cause", err)
	}
}

func (l *lane) write(ctx context.Context, tx *store.Tx, o outcome) error {
	switch o.fate {
	case delivered:
		return tx.FinishDelivery(ctx, o.Delivery)
	case interrupted:
		return nil
	case failed:
		if pause, again := Pause(o.Attempt+1, o.Livemode); again {
			return tx.RetryDelivery(ctx, o.Delivery, l.Clock.Now().Add(pause).Unix())
		}
	}
	return tx.AbandonDelivery(ctx, o.Delivery)
}
