package main

import (
	"context"
	"fmt"
	"time"

	"fincon/gen"
	"fincon/impl/event"
	"fincon/impl/store"
	"fincon/impl/wire"
)

// answeringEndpoints is how many webhook endpoints answer; one more never does.
const answeringEndpoints = 9

// runDeliveries starts fincon on a database with a backlog of events for ten endpoints, one of which never answers, and
// measures how fast the others get theirs.
func runDeliveries(ctx context.Context, b *bench) (report, error) {
	events := 10_000
	if b.quick {
		events = 500
	}
	found, requests, hung := cells{}, map[*target]int{}, map[*target]int{}
	for round := range b.rounds {
		for _, t := range b.databases() {
			r, all, err := b.deliver(ctx, t, events)
			if err != nil {
				return report{}, fmt.Errorf("%s: %w", t.name, err)
			}
			b.logf("round %d  %-18s %8s deliveries/s  server %s, generator %s busy", round+1, t.name,
				thousands(r.perSecond), percent(r.usage.server), percent(r.usage.generator))
			found[deliveryCell(t)] = append(found[deliveryCell(t)], r)
			answered, ignored := all.requests()
			requests[t] += answered
			hung[t] = max(hung[t], ignored)
		}
	}
	rep := b.reportDeliveries(found)
	sent := b.rounds * events * answeringEndpoints
	for _, t := range b.databases() {
		rep.notef("%s: of %s deliveries to the %d, %s came more than once; the hanging endpoint held up to %d requests.", t.name,
			thousands(float64(sent)), answeringEndpoints, thousands(float64(requests[t]-sent)), hung[t])
	}
	rep.notef("Each round: a fresh database with %s events, an endpoint of each of %d receivers that answer at once and of one "+
		"that never does; the time from the first delivery to the last. Each event arrived at each of the %d. One signature "+
		"in %d was checked.", thousands(float64(events)), answeringEndpoints, answeringEndpoints, inspectEvery)
	rep.notef("The receivers are in the load generator's process.")
	return rep, nil
}

func deliveryCell(t *target) cell { return cell{server: t, operation: "deliveries"} }

// deliver delivers a backlog of events once.
func (b *bench) deliver(ctx context.Context, t *target, events int) (result, *receivers, error) {
	all, err := newReceivers(answeringEndpoints, events)
	if err != nil {
		return result{}, nil, err
	}
	defer all.close()
	s, err := b.startFilledBy(ctx, t, backlog{all, events}.put)
	if err != nil {
		return result{}, nil, err
	}
	defer s.stop()
	usage := watchUsage(s.process(), time.Now())
	if err := all.await(ctx, s.exited); err != nil {
		return result{}, nil, err
	}
	r := result{answers: all.expected, usage: usage()}
	r.perSecond = float64(all.expected) / all.last.Sub(all.first).Seconds()
	r.disturbed = r.usage.others >= disturbedFrom && t != b.postgres
	b.measured++
	if r.disturbed {
		b.disturbed++
	}
	if _, hung := all.requests(); hung == 0 {
		return r, nil, fmt.Errorf("the endpoint that hangs was sent nothing")
	}
	return r, all, nil
}

// await waits until each event has arrived at each receiver that answers. Nothing for a while is an error.
func (all *receivers) await(ctx context.Context, exited <-chan struct{}) error {
	for seen := -1; all.progress() > seen; {
		seen = all.progress()
		select {
		case <-all.done:
			return all.failure()
		case <-ctx.Done():
			return ctx.Err()
		case <-exited:
			return fmt.Errorf("the server ended by itself")
		case <-time.After(stallLimit):
		}
	}
	if err := all.failure(); err != nil {
		return err
	}
	return fmt.Errorf("%d of %d deliveries arrived, then none for %s", all.progress(), all.expected, stallLimit)
}

// A backlog is events that wait for the endpoints of receivers.
type backlog struct {
	*receivers
	events int
}

func (l backlog) put(ctx context.Context, kept *store.Store) error {
	scope, err := benchScope(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	if err := kept.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		for i, r := range l.each() {
			if err := r.putEndpoint(ctx, tx, scope, fmt.Sprintf("we_1%023d", i), now); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	object, err := wire.JSON(stock{}.account(0))
	if err != nil {
		return err
	}
	const batch = 1000
	for left := l.events; left > 0; left -= batch {
		if err := kept.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			for range min(left, batch) {
				if err := event.Record(ctx, tx, scope, now, gen.EventTypeFinancialConnectionsAccountCreated, object,
					event.Request{}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// putEndpoint stores the receiver's endpoint, which wants all events.
func (r *receiver) putEndpoint(ctx context.Context, tx *store.Tx, scope store.Scope, id string, now time.Time) error {
	body, err := wire.JSON(gen.WebhookEndpoint{
		ID: id, Object: gen.WebhookEndpointObjectWebhookEndpoint, Created: now.Unix(), EnabledEvents: []gen.EnabledEvent{"*"},
		Metadata: gen.Metadata{}, Status: gen.WebhookEndpointStatusEnabled, URL: r.url,
	})
	if err != nil {
		return err
	}
	return tx.InsertWebhookEndpoint(ctx, scope, store.WebhookEndpoint{
		ID: id, Enabled: true, Events: []string{"*"}, Body: body, Secret: []byte(r.secret), Created: now.Unix(),
	})
}

func (b *bench) reportDeliveries(found cells) report {
	rep := report{table: newTable("server", "deliveries/s", "slowest round", "server busy", "generator busy", "quiet rounds")}
	for _, t := range b.databases() {
		all := found[deliveryCell(t)]
		var server, generator []float64
		calm, slowest := 0, all[0].perSecond
		for _, r := range all {
			slowest = min(slowest, r.perSecond)
			if !r.disturbed {
				calm++
			}
		}
		for _, r := range quiet(all) {
			server, generator = append(server, r.usage.server), append(generator, r.usage.generator)
		}
		rep.table.add(t.name, thousands(median(found.rates(deliveryCell(t)))), thousands(slowest), percent(median(server)),
			percent(median(generator)), fmt.Sprintf("%d of %d", calm, len(all)))
	}
	rate := median(found.rates(deliveryCell(b.sqlite)))
	rep.numbers = []number{{"deliveries per second while one of ten endpoints hangs", "at least 1,000", thousands(rate),
		verdictOf(rate >= 1000)}}
	return rep
}
