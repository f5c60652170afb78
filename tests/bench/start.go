package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// starts is how often each server is started.
const starts = 10

// runStart measures from before the process is started to its first answer, on an empty database each time.
func runStart(ctx context.Context, b *bench) (report, error) {
	took := map[*target][]time.Duration{}
	for range starts {
		for _, t := range b.targets() {
			s, err := b.start(ctx, t)
			if err != nil {
				return report{}, err
			}
			s.stop()
			took[t] = append(took[t], s.startup)
		}
	}
	rep := report{table: newTable("server", "starts", "fastest", "median", "slowest")}
	for _, t := range b.targets() {
		all := took[t]
		rep.table.add(t.name, fmt.Sprint(len(all)), millis(slices.Min(all)), millis(median(all)), millis(slices.Max(all)))
	}
	m := median(took[b.sqlite])
	rep.numbers = []number{{"start to first answered request, empty database", "at most 100 ms", millis(m),
		verdictOf(m <= 100*time.Millisecond)}}
	return rep, nil
}
