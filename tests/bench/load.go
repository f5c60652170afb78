package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// inspectEvery is how many answers pass for one whose body is looked at. Every status is.
	inspectEvery = 16
	// stallLimit is how long a request may take before the run fails.
	stallLimit = 30 * time.Second
)

// A load is a closed loop: every connection sends its next request when it has the answer to the last.
type load struct {
	addr        string
	connections int
	stream      func(connection int) stream
	warmup      time.Duration
	window      time.Duration
	// requests, when not 0, ends the load after so many answers instead of after the window.
	requests int64
	// seen, when set, is given the body of every answer, by one connection at a time.
	seen func(body []byte) error
}

// A result is what a load measured inside its window.
type result struct {
	answers   int
	perSecond float64
	p50, p99  time.Duration
	usage     usage
	disturbed bool // others took a good part of a core meanwhile
}

// run puts the load on and fails unless every single answer was right.
func (l load) run(ctx context.Context, s process) (result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	m := &meter{from: began.Add(l.warmup), end: began.Add(l.warmup + l.window), left: l.requests}
	if l.requests > 0 {
		m.from, m.end = began, began.Add(24*time.Hour)
	}
	usage := watchUsage(s, m.from)
	clients := make([]*client, l.connections)
	var wg sync.WaitGroup
	for i := range clients {
		clients[i] = &client{load: &l, meter: m, stream: l.stream(i)}
		wg.Go(func() { clients[i].run(ctx) })
	}
	wg.Wait()
	ended := time.Now()
	r := summarize(clients, min(ended.Sub(m.from), m.end.Sub(m.from)))
	r.usage = usage()
	if err := ctx.Err(); err != nil {
		return r, err
	}
	return r, m.failure()
}

// A meter is what the connections of one load share.
type meter struct {
	from, end time.Time
	left      int64 // requests not yet sent, when they are counted

	mu       sync.Mutex
	failures int
	first    error
}

func (m *meter) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failures++
	if m.first == nil {
		m.first = err
	}
}

func (m *meter) failure() error {
	if m.failures == 0 {
		return nil
	}
	return fmt.Errorf("%d requests failed, the first: %w", m.failures, m.first)
}

// A client is one connection of a load.
type client struct {
	load      *load
	meter     *meter
	stream    stream
	sent      int
	latencies []time.Duration // of the answers inside the window
}

func (c *client) run(ctx context.Context) {
	conn, err := net.Dial("tcp", c.load.addr)
	if err != nil {
		c.meter.fail(err)
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := c.loop(conn); err != nil && ctx.Err() == nil {
		c.meter.fail(err)
	}
}

// loop returns an error when the connection is of no more use. Wrong answers are counted.
func (c *client) loop(conn net.Conn) error {
	answer := newResponse(conn)
	counted := c.load.requests > 0
	for now := time.Now(); now.Before(c.meter.end); {
		if counted && atomic.AddInt64(&c.meter.left, -1) < 0 {
			return nil
		}
		if c.sent%1024 == 0 {
			if err := conn.SetDeadline(now.Add(stallLimit)); err != nil {
				return err
			}
		}
		request, want := c.stream()
		if _, err := conn.Write(request); err != nil {
			return err
		}
		if err := answer.read(); err != nil {
			return err
		}
		done := time.Now()
		if done.After(c.meter.from) && done.Before(c.meter.end) {
			c.latencies = append(c.latencies, done.Sub(now))
		}
		now = done
		if err := c.judge(answer, want); err != nil {
			c.meter.fail(err)
		}
		c.sent++
	}
	return nil
}

func (c *client) judge(answer *response, want []byte) error {
	if answer.status != 200 {
		return fmt.Errorf("status %d: %.300s", answer.status, answer.body)
	}
	if answer.closes {
		return fmt.Errorf("the server ends the connection after an answer")
	}
	if c.sent%inspectEvery == 0 && !bytes.Contains(answer.body, want) {
		return fmt.Errorf("answer lacks %s: %.300s", want, answer.body)
	}
	if c.load.seen == nil {
		return nil
	}
	c.meter.mu.Lock()
	defer c.meter.mu.Unlock()
	return c.load.seen(answer.body)
}

func summarize(clients []*client, window time.Duration) result {
	var all []time.Duration
	for _, c := range clients {
		all = append(all, c.latencies...)
	}
	slices.Sort(all)
	return result{
		answers:   len(all),
		perSecond: float64(len(all)) / window.Seconds(),
		p50:       percentile(all, 50),
		p99:       percentile(all, 99),
	}
}

// fill creates n sessions over 64 connections and returns their ids when keep is set.
func fill(ctx context.Context, s *server, n int, keep bool) (*idSet, error) {
	ids := &idSet{}
	l := load{addr: s.addr, connections: 64, stream: createStream, requests: int64(n)}
	if keep {
		l.seen = func(body []byte) error {
			id, err := sessionID(body)
			if err != nil {
				return err
			}
			return ids.add(id)
		}
	}
	if _, err := l.run(ctx, s.process()); err != nil {
		return nil, fmt.Errorf("storing %d sessions in %s: %w", n, s.target.name, err)
	}
	return ids, nil
}
