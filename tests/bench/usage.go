package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"
)

const (
	// disturbedFrom is the share of a core that others may take before a measurement is repeated.
	disturbedFrom = 0.10
	// attempts is how often a disturbed measurement is tried in all. The least disturbed one counts.
	attempts = 3
)

// Usage is who used the processor during a measurement, in shares of one core. All are 0 where /proc is missing.
type usage struct {
	server    float64
	generator float64
	// others is what neither server nor generator used of their cores; the larger of the two.
	others float64
}

// used is the processor time used up to a moment.
type used struct {
	at                        time.Time
	server, generator         time.Duration
	onServerCore, onOtherCore time.Duration
}

func usedBy(server process) used {
	return used{
		at:           time.Now(),
		server:       server.cpuTime(),
		generator:    process(os.Getpid()).cpuTime(),
		onServerCore: coreTime(serverCore),
		onOtherCore:  coreTime(generatorCore),
	}
}

func (u used) until(v used) usage {
	wall := max(v.at.Sub(u.at), time.Millisecond)
	share := func(from, to time.Duration) float64 { return (to - from).Seconds() / wall.Seconds() }
	now := usage{server: share(u.server, v.server), generator: share(u.generator, v.generator)}
	now.others = max(0, share(u.onServerCore, v.onServerCore)-now.server,
		share(u.onOtherCore, v.onOtherCore)-now.generator)
	return now
}

// watchUsage looks when the window opens. The function it returns looks again and says what happened between.
func watchUsage(server process, from time.Time) func() usage {
	var mu sync.Mutex
	var began used
	begin := func() {
		mu.Lock()
		defer mu.Unlock()
		if began.at.IsZero() {
			began = usedBy(server)
		}
	}
	timer := time.AfterFunc(time.Until(from), begin)
	return func() usage {
		timer.Stop()
		begin()
		return began.until(usedBy(server))
	}
}

// measure puts a load on a server for one window. On a machine shared with others it tries again when they took a good
// part of a core meanwhile.
func (b *bench) measure(ctx context.Context, s *server, connections int, st func(int) stream) (result, error) {
	l := load{addr: s.addr, connections: connections, stream: st, warmup: b.warmup, window: b.window}
	var best result
	for try := range attempts {
		r, err := l.run(ctx, s.process())
		if err != nil {
			return r, err
		}
		if try == 0 || r.usage.others < best.usage.others {
			best = r
		}
		// Without cores of their own, or with a database beside the server, others are expected.
		if b.pinning.taskset == "" || s.target == b.postgres || best.usage.others < disturbedFrom {
			break
		}
	}
	b.measured++
	if best.disturbed = best.usage.others >= disturbedFrom && s.target != b.postgres; best.disturbed {
		b.disturbed++
	}
	return best, nil
}

// quiet leaves out disturbed results, unless all are.
func quiet(results []result) []result {
	var calm []result
	for _, r := range results {
		if !r.disturbed {
			calm = append(calm, r)
		}
	}
	if len(calm) == 0 {
		return results
	}
	return calm
}

// disturbances says how quiet the machine was so far.
func (b *bench) disturbances() string {
	if b.pinning.taskset == "" {
		return "Whether other programs disturbed the measurements is not known."
	}
	return fmt.Sprintf("When other programs took %.0f %% or more of a core, a measurement was repeated, up to %d times "+
		"in all; of %d measurements %d stayed disturbed.", 100*disturbedFrom, attempts, b.measured, b.disturbed)
}
