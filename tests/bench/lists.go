package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// runLists reads the first page of long lists and one far behind it, and compares with a bare handler that answers with
// the very bytes of the first.
func runLists(ctx context.Context, b *bench) (report, error) {
	rep := report{table: newTable("server", "operation", "connections", "requests/s", "p50", "p99", "ratio to bare",
		"server busy", "generator busy", "quiet rounds")}
	kept := b.stock()
	var fincons []*server
	for _, t := range b.databases() {
		began := time.Now()
		s, err := b.startStocked(ctx, t, kept)
		if err != nil {
			return rep, err
		}
		defer s.stop()
		fincons = append(fincons, s)
		rep.notef("%s: filled directly and started in %s.", t.name, time.Since(began).Round(100*time.Millisecond))
	}
	var cases []listCase
	for _, pages := range kept.pages() {
		bare, size, err := b.startBareList(ctx, fincons[0], pages[0])
		if err != nil {
			return rep, err
		}
		defer bare.stop()
		cases = append(cases, listCases(bare, fincons, pages)...)
		rep.notef("A page of %d %s has %s bytes.", pageRows, pages[0].list, thousands(float64(size)))
	}
	found, err := b.listInTurns(ctx, cases)
	if err != nil {
		return rep, err
	}
	rep.notef("%s transactions of one account and %s accounts of one customer are stored.",
		thousands(float64(kept.transactions)), thousands(float64(kept.accounts)))
	b.reportLists(&rep, cases, found)
	return rep, nil
}

func (b *bench) stock() stock {
	if b.quick {
		return stock{accounts: 10_000, transactions: 100_000}
	}
	return stock{accounts: 100_000, transactions: 1_000_000}
}

// pages are what is asked for of each list: the first page, and the thousandth if there is one.
func (s stock) pages() [][2]page {
	far := func(rows int) int { return min(1000, rows/pageRows) }
	return [][2]page{
		{s.transactionPage(1), s.transactionPage(far(s.transactions))},
		{s.accountPage(1), s.accountPage(far(s.accounts))},
	}
}

// startStocked starts fincon on a database that holds a stock, and checks whole pages.
func (b *bench) startStocked(ctx context.Context, t *target, kept stock) (*server, error) {
	s, err := b.startFilledBy(ctx, t, kept.put)
	if err != nil {
		return nil, err
	}
	for _, pages := range kept.pages() {
		for _, p := range pages {
			answer, err := exchange(s.addr, p.request(), stallLimit)
			if err == nil {
				err = p.check(answer)
			}
			if err != nil {
				s.stop()
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	return s, nil
}

// startBareList starts a bare handler that answers with the bytes of a page as fincon has them, and says how many those
// are.
func (b *bench) startBareList(ctx context.Context, of *server, p page) (_ *server, size int, err error) {
	answer, err := exchange(of.addr, p.request(), stallLimit)
	if err != nil {
		return nil, 0, err
	}
	file := filepath.Join(b.work, p.list+".json")
	if err := os.WriteFile(file, answer.body, 0o644); err != nil {
		return nil, 0, err
	}
	s, err := b.start(ctx, bareFileTarget(b.bareBin, file))
	return s, len(answer.body), err
}

// A listCase is a page asked of a server.
type listCase struct {
	page page
	*server
	bare *server
}

// listCases has the first page of the bare handler, and both of each fincon.
func listCases(bare *server, fincons []*server, pages [2]page) []listCase {
	cases := []listCase{{pages[0], bare, bare}}
	for _, s := range fincons {
		cases = append(cases, listCase{pages[0], s, bare}, listCase{pages[1], s, bare})
	}
	return cases
}

func (c listCase) cell(connections int) cell { return cell{c.target, c.page.name(), connections} }

// base is the case's bare handler, which has one page only.
func (c listCase) base(connections int) cell {
	first := page{list: c.page.list, number: 1}
	return cell{c.bare.target, first.name(), connections}
}

// listInTurns measures every case once in each round, one right after the other.
func (b *bench) listInTurns(ctx context.Context, cases []listCase) (cells, error) {
	found := cells{}
	for round := range b.rounds {
		for _, connections := range sessionConnections {
			for _, c := range cases {
				r, err := b.measure(ctx, c.server, connections, c.page.stream)
				if err != nil {
					return nil, fmt.Errorf("%s, %s, %d connections: %w", c.target.name, c.page.name(), connections, err)
				}
				b.logf("round %d  %-18s %-24s %2d connections  %8s/s  server %s, generator %s busy", round+1, c.target.name,
					c.page.name(), connections, thousands(r.perSecond), percent(r.usage.server), percent(r.usage.generator))
				found[c.cell(connections)] = append(found[c.cell(connections)], r)
			}
		}
	}
	return found, nil
}

func (b *bench) reportLists(rep *report, cases []listCase, found cells) {
	for _, connections := range sessionConnections {
		for _, c := range cases {
			row := sessionRow(c.cell(connections), c.base(connections), found)
			rep.table.add(append([]string{c.target.name}, row...)...)
		}
	}
	rep.notef("The bare handler answers with the bytes of the first page that fincon on SQLite gives.")
	rep.notef("Every row of each page was checked once; under load every status, and the body of one answer in %d.",
		inspectEvery)
	rep.notef("%s", b.disturbances())
	rep.numbers = b.listNumbers(cases, found)
}

// listNumbers judges SQLite at 64 connections.
func (b *bench) listNumbers(cases []listCase, found cells) []number {
	var numbers []number
	for _, c := range cases {
		if c.target != b.sqlite {
			continue
		}
		first := c
		first.page = page{list: c.page.list, number: 1}
		if c.page.number == 1 {
			if c.page.list == "transactions" {
				ratio := found.ratio(c.cell(64), c.base(64))
				numbers = append(numbers, number{fmt.Sprintf("list of %d transactions, of the bare handler", pageRows),
					"at least 0.25", fmt.Sprintf("%.2f", ratio), verdictOf(ratio >= 0.25)})
			}
			continue
		}
		slower := found.ratio(first.cell(64), c.cell(64))
		numbers = append(numbers, number{c.page.name() + ", to page 1", "at most 1.20 times as slow",
			fmt.Sprintf("%.2f", slower), verdictOf(slower <= 1.2)})
	}
	return numbers
}
