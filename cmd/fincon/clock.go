package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"fincon/gen/control"
)

type clockCommand struct {
	Show    clockShowCommand    `cmd:"" default:"withargs" help:"Show the server's time."`
	Advance clockAdvanceCommand `cmd:"" help:"Move the clock forward, and wait until everything that became due on the way is done."`
}

type clockShowCommand struct{ controlURL }

// Run shows the time.
func (c *clockShowCommand) Run(ctx context.Context, io streams) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var clock control.Clock
	response, err := client.RetrieveClock(ctx)
	if err := receive(response, err, &clock); err != nil {
		return c.explain(err)
	}
	printClock(io, clock)
	return nil
}

type clockAdvanceCommand struct {
	controlURL
	By span `arg:"" help:"By how much, such as 30s, 72h or 3d." placeholder:"DURATION"`
}

// Run moves the clock.
func (c *clockAdvanceCommand) Run(ctx context.Context, io streams) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	seconds := int64(time.Duration(c.By) / time.Second)
	var clock control.Clock
	response, err := client.AdvanceClock(ctx, control.ClockAdvanceParams{Seconds: &seconds})
	if err := receive(response, err, &clock); err != nil {
		return c.explain(err)
	}
	printClock(io, clock)
	return nil
}

func printClock(io streams, clock control.Clock) {
	ahead := ""
	if clock.Offset > 0 {
		ahead = fmt.Sprintf("  %s ahead", time.Duration(clock.Offset)*time.Second)
	}
	fmt.Fprintf(io.out, "%s%s\n", when(clock.Now), ahead)
}

// span is a duration in whole seconds; days may be given as d.
type span time.Duration

// UnmarshalText reads 30s, 72h, 1h30m or 3d.
func (s *span) UnmarshalText(text []byte) error {
	duration, err := time.ParseDuration(string(text))
	if days, found := strings.CutSuffix(string(text), "d"); found {
		var count int64
		const most = 3650
		if count, err = strconv.ParseInt(days, 10, 64); err == nil && count > most {
			err = strconv.ErrRange
		}
		duration = time.Duration(count) * 24 * time.Hour
	}
	if err != nil || duration < time.Second || duration%time.Second != 0 {
		return fmt.Errorf("%q is no time in whole seconds, such as 30s, 72h or 3d, of ten years at most", text)
	}
	*s = span(duration)
	return nil
}
