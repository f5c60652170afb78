package main

import (
	"context"
	"fmt"
	"time"
)

const largeConnections = 64

// runLarge retrieves from a server that stores very many sessions and from one that stores ten thousand, in turns. The
// sessions are created through the API; ten million of them take ten minutes or more.
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
	rep.notef("%s sessions were stored through the API in %s, %s/s.", thousands(float64(b.stored)),
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

// startFilled starts fincon and creates sessions, saying how far it is every million.
func (b *bench) startFilled(ctx context.Context, n int) (*subject, error) {
	s, err := b.start(ctx, b.sqlite)
	if err != nil {
		return nil, err
	}
	all := &idSet{}
	for all.len() < n {
		ids, err := fill(ctx, s, min(n-all.len(), 1_000_000), true)
		if err != nil {
			s.stop()
			return nil, err
		}
		all.width, all.text = ids.width, append(all.text, ids.text...)
		b.logf("%s of %s sessions stored", thousands(float64(all.len())), thousands(float64(n)))
	}
	return &subject{server: s, ids: all}, nil
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
