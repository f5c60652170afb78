package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	hostileRepeats = 9
	hostileTime    = 50 * time.Millisecond
	hostileMemory  = 20 << 20
)

// A hostile is a request that nobody sends in good faith. It must be refused, cheaply.
type hostile struct {
	name    string
	request []byte
}

func hostiles() []hostile {
	const million = 1 << 20
	form := func(body string) []byte { return requestBytes("POST", sessionsPath, formType, body) }
	json := func(body string) []byte { return requestBytes("POST", sessionsPath, jsonType, body) }
	return []hostile{
		{"form, one value of 1 MB", form(createForm + "&return_url=" + strings.Repeat("x", million-300))},
		{"form, 1 MB of escapes", form("return_url=" + strings.Repeat("%41", million/3-10))},
		{"form, 1 MB of ampersands", form(strings.Repeat("&", million))},
		{"form, 1 MB of one key's brackets", form("permissions" + strings.Repeat("[", million-20) + "=x")},
		{"form, 100,000 unknown parameters", form(numbered("a%d=1", "&", 100_000))},
		{"form, 100,000 permissions", form(strings.Repeat("permissions[]=balances&", 100_000))},
		{"form, 45,000 permissions", form(strings.Repeat("permissions[]=balances&", 45_000))},
		{"form, 45,000 indices", form(numbered("permissions[%d]=x", "&", 45_000))},
		{"form, 100,000 indices", form(numbered("permissions[%d]=x", "&", 100_000))},
		{"form, 100,000 deep, unknown", form("a" + strings.Repeat("[b]", 100_000) + "=x")},
		{"form, 100,000 deep, known", form("account_holder" + strings.Repeat("[customer]", 100_000) + "=x")},
		{"form, index 20,000,000", form(createForm + "&permissions[20000000]=x")},
		{"form, index of 30 digits", form(createForm + "&permissions[999999999999999999999999999999]=x")},
		{"form, bracket left open", form(createForm + "&permissions[0")},
		{"JSON, 1 MB of text", json(`{"return_url":"` + strings.Repeat("x", million-100) + `"}`)},
		{"JSON, 500,000 arrays deep", json(strings.Repeat("[", 500_000))},
		{"JSON, 100,000 objects deep", json(strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000))},
		{"JSON, 90,000 unknown members", json("{" + numbered(`"a%d":1`, ",", 90_000) + "}")},
		{"JSON, 90,000 permissions", json(`{"permissions":["balances"` + strings.Repeat(`,"balances"`, 90_000) + "]}")},
		{"query, 50,000 parameters", requestBytes("GET", sessionsPath+"/x?"+numbered("a%d=1", "&", 50_000), "", "")},
		{"query, 4,000 parameters", requestBytes("GET", sessionsPath+"/x?"+numbered("a%d=1", "&", 4_000), "", "")},
		{"query, index 20,000,000", requestBytes("GET", sessionsPath+"/x?expand[20000000]=x", "", "")},
		{"path of 500 kB", requestBytes("GET", sessionsPath+"/"+strings.Repeat("x", 500_000), "", "")},
		{"path of 30 kB", requestBytes("GET", sessionsPath+"/"+strings.Repeat("x", 30_000), "", "")},
		{"key of 500 kB", requestBytes("GET", sessionsPath+"/x", "", "", "Idempotency-Key: "+strings.Repeat("x", 500_000))},
	}
}

func numbered(format, separator string, n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf(format, i)
	}
	return strings.Join(parts, separator)
}

// hostileResult is what one kind of request cost.
type hostileResult struct {
	status   int
	median   time.Duration
	slowest  time.Duration
	growth   int64 // bytes of resident memory at the peak of the first request, over what there was before it
	noMemory bool
}

func runHostile(ctx context.Context, b *bench) (report, error) {
	rep := report{table: newTable("request", "status", "median", "slowest", "memory")}
	var slowest time.Duration
	var largest int64
	var noMemory bool
	for _, h := range hostiles() {
		r, err := b.attack(ctx, h)
		if err != nil {
			return rep, fmt.Errorf("%s: %w", h.name, err)
		}
		memory := megabytes(r.growth)
		if r.noMemory {
			memory, noMemory = "?", true
		}
		rep.table.add(h.name, fmt.Sprint(r.status), millis(r.median), millis(r.slowest), memory)
		slowest, largest = max(slowest, r.median), max(largest, r.growth)
	}
	rep.notef("A fresh server for every line, %d requests each, one at a time. Memory is the growth of the highest "+
		"resident memory during the first.", hostileRepeats)
	rep.notef("The time includes connecting and sending the body.")
	rep.numbers = []number{
		{"one hostile request, time (worst median)", "under 50 ms", millis(slowest), verdictOf(slowest < hostileTime)},
		{"one hostile request, memory (worst)", "under 20 MB", megabytes(largest), verdictOf(largest < hostileMemory)},
	}
	if noMemory {
		rep.numbers[1].measured, rep.numbers[1].held = "", notMeasured
	}
	return rep, nil
}

// attack sends a hostile request to a server that has served a few honest ones, and sees that it serves them still.
func (b *bench) attack(ctx context.Context, h hostile) (hostileResult, error) {
	s, err := b.start(ctx, b.sqlite)
	if err != nil {
		return hostileResult{}, err
	}
	defer s.stop()
	if _, err := fill(ctx, s, 200, false); err != nil {
		return hostileResult{}, err
	}
	var r hostileResult
	r.noMemory = s.process().resetPeak() != nil
	before, _, _ := s.process().memory()
	var took []time.Duration
	for i := range hostileRepeats {
		began := time.Now()
		answer, err := exchange(s.addr, h.request, stallLimit)
		if err != nil {
			return r, fmt.Errorf("no answer: %w", err)
		}
		took = append(took, time.Since(began))
		if r.status = answer.status; r.status < 400 || r.status > 499 {
			return r, fmt.Errorf("was not refused: status %d: %.300s", r.status, answer.body)
		}
		if i == 0 {
			_, peak, err := s.process().memory()
			if err != nil && !errors.Is(err, errNoProc) {
				return r, err
			}
			r.growth = peak - before
		}
	}
	r.median, r.slowest = median(took), slices.Max(took)
	return r, s.checkCreate()
}
