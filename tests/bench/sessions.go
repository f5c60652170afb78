package main

import (
	"context"
	"fmt"
	"time"
)

// hotSessions is how many sessions the retrieves choose from.
const hotSessions = 10_000

// An operation is a kind of request that is put on a server.
type operation struct {
	name   string
	stream func(sub *subject) func(int) stream
}

var (
	opCreateKey = operation{"create, Idempotency-Key", func(*subject) func(int) stream { return createKeyStream }}
	opCreate    = operation{"create", func(*subject) func(int) stream { return createStream }}
	opRetrieve  = operation{"retrieve", func(s *subject) func(int) stream {
		return retrieveStream(s.ids, s.target.fixed)
	}}
)

var sessionOperations = []operation{opCreateKey, opCreate, opRetrieve}

var sessionConnections = []int{16, 64}

// A subject is a running server and the sessions it was given to retrieve.
type subject struct {
	*server
	ids *idSet
}

// A cell is one line of the table: all rounds of one server, operation and number of connections.
type cell struct {
	server      *target
	operation   string
	connections int
}

type cells map[cell][]result

// rates are requests per second, of the quiet rounds when there were any.
func (c cells) rates(of cell) []float64 {
	var rates []float64
	for _, r := range quiet(c[of]) {
		rates = append(rates, r.perSecond)
	}
	return rates
}

// ratio divides round by round. Rounds in which others took a part of the machine from one of the two do not count,
// unless all were such.
func (c cells) ratio(a, b cell) float64 {
	var all, calm []float64
	for i := range min(len(c[a]), len(c[b])) {
		x, y := c[a][i], c[b][i]
		r := x.perSecond / y.perSecond
		all = append(all, r)
		if !x.disturbed && !y.disturbed {
			calm = append(calm, r)
		}
	}
	if len(calm) > 0 {
		return median(calm)
	}
	return median(all)
}

func runSessions(ctx context.Context, b *bench) (report, error) {
	var subjects []*subject
	for _, t := range b.targets() {
		s, err := b.start(ctx, t)
		if err != nil {
			return report{}, err
		}
		defer s.stop()
		sub, err := prepare(ctx, s)
		if err != nil {
			return report{}, err
		}
		subjects = append(subjects, sub)
	}
	found, err := b.takeTurns(ctx, subjects)
	if err != nil {
		return report{}, err
	}
	return b.reportSessions(found), nil
}

// prepare checks one whole answer and creates the sessions that will be retrieved.
func prepare(ctx context.Context, s *server) (*subject, error) {
	if err := s.checkCreate(); err != nil {
		return nil, err
	}
	ids, err := fill(ctx, s, hotSessions, true)
	return &subject{server: s, ids: ids}, err
}

// checkCreate creates one session and looks at the whole answer.
func (s *server) checkCreate() error {
	answer, err := exchange(s.addr, createRequest(), stallLimit)
	if err != nil {
		return fmt.Errorf("%s: %w", s.target.name, err)
	}
	if answer.status != 200 {
		return fmt.Errorf("%s: status %d: %.300s", s.target.name, answer.status, answer.body)
	}
	if err := s.target.check(answer.body); err != nil {
		return fmt.Errorf("%s: %w", s.target.name, err)
	}
	return nil
}

// takeTurns measures every server once in each round, one right after the other.
func (b *bench) takeTurns(ctx context.Context, subjects []*subject) (cells, error) {
	found := cells{}
	for round := range b.rounds {
		for _, op := range sessionOperations {
			for _, connections := range sessionConnections {
				for _, sub := range subjects {
					key := cell{sub.target, op.name, connections}
					r, err := b.measure(ctx, sub.server, connections, op.stream(sub))
					if err != nil {
						return nil, fmt.Errorf("%s, %s, %d connections: %w", sub.target.name, op.name, connections, err)
					}
					b.logf("round %d  %-18s %-24s %2d connections  %8s/s  server %s, generator %s busy", round+1,
						sub.target.name, op.name, connections, thousands(r.perSecond), percent(r.usage.server),
						percent(r.usage.generator))
					found[key] = append(found[key], r)
				}
			}
		}
	}
	return found, nil
}

func (b *bench) reportSessions(found cells) report {
	rep := report{table: newTable("server", "operation", "connections", "requests/s", "p50", "p99", "ratio to bare",
		"server busy", "generator busy", "quiet rounds")}
	for _, op := range sessionOperations {
		for _, connections := range sessionConnections {
			for _, t := range b.targets() {
				key := cell{t, op.name, connections}
				base := cell{b.bare, op.name, connections}
				rep.table.add(append([]string{t.name}, sessionRow(key, base, found)...)...)
			}
		}
	}
	rep.notef("Medians over the rounds. Every status was checked, and the body of one answer in %d.", inspectEvery)
	rep.notef("Ratios are taken round by round; their median is shown. Rounds that were not quiet do not count, unless " +
		"none was. Busy is the share of one core that the process used.")
	rep.notef("%s", b.disturbances())
	rep.notef("The forms are those of the official SDKs (indexed arrays, encoded brackets), the same for every server.")
	switch {
	case b.mock == nil:
		rep.notef("The public mock is missing: %s.", b.mockMissing)
	default:
		rep.notef("The public mock is %s. It keeps nothing: it answers with its fixture.", mockModule)
	}
	if b.postgres != nil {
		rep.notef("PostgreSQL itself is not pinned: it takes time from both cores. Its rows are for the record.")
	} else {
		rep.notef("PostgreSQL was not measured: FINCON_TEST_POSTGRES is not set.")
	}
	rep.numbers = b.sessionNumbers(found)
	return rep
}

func sessionRow(key, base cell, found cells) []string {
	var p50, p99 []time.Duration
	var server, generator []float64
	for _, r := range quiet(found[key]) {
		p50, p99 = append(p50, r.p50), append(p99, r.p99)
		server, generator = append(server, r.usage.server), append(generator, r.usage.generator)
	}
	calm := 0
	for _, r := range found[key] {
		if !r.disturbed {
			calm++
		}
	}
	return []string{key.operation, fmt.Sprint(key.connections), thousands(median(found.rates(key))), millis(median(p50)),
		millis(median(p99)), fmt.Sprintf("%.2f", found.ratio(key, base)), percent(median(server)),
		percent(median(generator)), fmt.Sprintf("%d of %d", calm, len(found[key]))}
}

// sessionNumbers judges at 64 connections.
func (b *bench) sessionNumbers(found cells) []number {
	compare := func(what string, op operation, other *target, least float64) number {
		n := number{what: what, target: fmt.Sprintf("at least %.2f", least), held: notMeasured}
		if other == nil {
			return n
		}
		ratio := found.ratio(cell{b.sqlite, op.name, 64}, cell{other, op.name, 64})
		n.measured, n.held = fmt.Sprintf("%.2f", ratio), verdictOf(ratio >= least)
		return n
	}
	return []number{
		compare("create with an Idempotency-Key, of the bare handler", opCreateKey, b.bare, 0.45),
		compare("create without, of the bare handler", opCreate, b.bare, 0.45),
		compare("retrieve, of the bare handler", opRetrieve, b.bare, 0.75),
		compare("create with an Idempotency-Key, times the public mock", opCreateKey, b.mock, 3.5),
		compare("create without, times the public mock", opCreate, b.mock, 3.5),
		compare("retrieve, times the public mock", opRetrieve, b.mock, 5),
	}
}
