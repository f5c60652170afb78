package main

import (
	"context"
	"errors"
	"time"
)

// runMemory reads the resident memory of fincon when it has just started, and after many sessions were created.
func runMemory(ctx context.Context, b *bench) (report, error) {
	stored := 1_000_000
	if b.quick {
		stored = 50_000
	}
	rep := report{table: newTable("moment", "resident", "highest so far")}
	s, err := b.start(ctx, b.sqlite)
	if err != nil {
		return rep, err
	}
	defer s.stop()
	idle, err := rep.addMemory(ctx, s, "idle, 2 s after its first answer", 2*time.Second)
	if errors.Is(err, errNoProc) {
		rep.notef("Not measured: %v.", err)
		return rep, nil
	}
	if err != nil {
		return rep, err
	}
	began := time.Now()
	if _, err := fill(ctx, s, stored, false); err != nil {
		return rep, err
	}
	took := time.Since(began)
	full, err := rep.addMemory(ctx, s, "right after "+thousands(float64(stored))+" sessions", 0)
	if err != nil {
		return rep, err
	}
	if _, err := rep.addMemory(ctx, s, "10 s later", 10*time.Second); err != nil {
		return rep, err
	}
	rep.notef("SQLite; the sessions were created over 64 connections in %s.", took.Round(100*time.Millisecond))
	rep.numbers = []number{
		{"resident memory, idle", "at most 40 MB", megabytes(idle), verdictOf(idle <= 40<<20)},
		{"resident memory after " + thousands(float64(stored)) + " sessions", "at most 120 MB", megabytes(full),
			verdictOf(full <= 120<<20)},
	}
	return rep, nil
}

// addMemory waits, then adds a line and returns the resident memory in bytes.
func (r *report) addMemory(ctx context.Context, s *server, moment string, wait time.Duration) (int64, error) {
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(wait):
	}
	resident, peak, err := s.process().memory()
	if err != nil {
		return 0, err
	}
	r.table.add(moment, megabytes(resident), megabytes(peak))
	return resident, nil
}
