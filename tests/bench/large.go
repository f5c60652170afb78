package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"time"

	"fincon/impl/id"
	"fincon/impl/store"
)

//go:embed bare/session.json
var bareSession []byte

const largeConnections = 64

// runLarge retrieves from a server that stores very many sessions and from one that stores ten thousand, in turns.
func runLarge(ctx context.Context, b *bench) (report, error) {
	small, err := b.startFilled(ctx, hotSessions)
	if err != nil {
		return report{}, err
	}
	defer small.stop()
	began := time.Now()
	large, err := b.startFilled(ctx, b.stored)
	if err != nil {
		return report{}, err
	}
	defer large.stop()
	filled := time.Since(began)
	cases := []largeCase{
		{"ten thousand stored", small.server, small.ids},
		{"many stored, the same 10,000 again and again", large.server, large.ids.sample(hotSessions)},
		{"many stored, any of them", large.server, large.ids},
	}
	found, err := b.retrieveInTurns(ctx, cases)
	if err != nil {
		return report{}, err
	}
	rep := b.reportLarge(cases, found)
	rep.notef("%s", b.disturbances())
	rep.notef("%s sessions were stored directly in %s, %s/s.", thousands(float64(b.stored)),
		filled.Round(time.Second), thousands(float64(b.stored)/filled.Seconds()))
	if resident, peak, err := large.process().memory(); err == nil {
		rep.notef("Resident memory of the server that stores them: %s at the end, %s at its highest.",
			megabytes(resident), megabytes(peak))
	}
	return rep, nil
}

type largeCase struct {
	name   string
	server *server
	ids    *idSet
}

// startFilled starts fincon on a database that n sessions were put into through the store: through the API ten million
// take a quarter of an hour.
func (b *bench) startFilled(ctx context.Context, n int) (*subject, error) {
	scope, err := benchScope(ctx)
	if err != nil {
		return nil, err
	}
	ids := &idSet{}
	s, err := b.startFilledBy(ctx, b.sqlite, func(ctx context.Context, kept *store.Store) error {
		for ids.len() < n {
			if err := kept.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
				return putSessions(ctx, tx, scope, min(stockBatch, n-ids.len()), ids)
			}); err != nil {
				return err
			}
			if ids.len()%1_000_000 == 0 {
				b.logf("%s of %s sessions stored", thousands(float64(ids.len())), thousands(float64(n)))
			}
		}
		return nil
	})
	return &subject{server: s, ids: ids}, err
}

// putSessions adds copies of the bare handler's answer, each with an id of its own.
func putSessions(ctx context.Context, tx *store.Tx, scope store.Scope, count int, ids *idSet) error {
	template, err := sessionID(bareSession)
	if err != nil {
		return err
	}
	template = bytes.Clone(template)
	for range count {
		made := []byte(id.New("fcsess_", time.Now()))
		body := bytes.Replace(bareSession, template, made, 1)
		if err := tx.InsertSession(ctx, scope, store.Session{ID: string(made), Body: body}); err != nil {
			return err
		}
		if err := ids.add(made); err != nil {
			return err
		}
	}
	return nil
}

func (c largeCase) cell() cell { return cell{c.server.target, c.name, largeConnections} }

func (b *bench) retrieveInTurns(ctx context.Context, cases []largeCase) (cells, error) {
	found := cells{}
	for range b.rounds {
		for _, c := range cases {
			r, err := b.measure(ctx, c.server, largeConnections, retrieveStream(c.ids, false))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			b.logf("%-45s %8s/s", c.name, thousands(r.perSecond))
			found[c.cell()] = append(found[c.cell()], r)
		}
	}
	return found, nil
}

func (b *bench) reportLarge(cases []largeCase, found cells) report {
	rep := report{table: newTable("retrieve at 64 connections", "requests/s", "p50", "p99", "times as slow")}
	few := cases[0].cell()
	for i, c := range cases {
		var p50, p99 []time.Duration
		for _, r := range quiet(found[c.cell()]) {
			p50, p99 = append(p50, r.p50), append(p99, r.p99)
		}
		slower := found.ratio(few, c.cell())
		rep.table.add(c.name, thousands(median(found.rates(c.cell()))), millis(median(p50)), millis(median(p99)),
			fmt.Sprintf("%.2f", slower))
		if i > 0 {
			rep.numbers = append(rep.numbers, number{"retrieve: " + c.name, "at most 1.20 times as slow",
				fmt.Sprintf("%.2f", slower), verdictOf(slower <= 1.2)})
		}
	}
	return rep
}
