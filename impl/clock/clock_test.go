package clock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/impl/clock"
)

func TestRealIsTheMachinesTime(t *testing.T) {
	t.Parallel()
	before := time.Now()
	now := clock.Real().Now()
	require.False(t, now.Before(before))
	require.False(t, now.After(time.Now()))
	require.Zero(t, clock.Real().Offset())
}

func TestRealCannotBeMoved(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { clock.Real().Advance(time.Second) })
}

func TestAdvance(t *testing.T) {
	t.Parallel()
	c := clock.Test(time.Hour)
	require.WithinDuration(t, time.Now().Add(time.Hour), c.Now(), time.Minute)
	before := c.Now()
	c.Advance(72 * time.Hour)
	require.GreaterOrEqual(t, c.Now().Sub(before), 72*time.Hour)
	require.Equal(t, 73*time.Hour, c.Offset())
}

func TestNeverMovesBack(t *testing.T) {
	t.Parallel()
	c := clock.Test(0)
	moved := c.Changed()
	before := c.Now()
	c.Advance(-time.Hour)
	c.Advance(0)
	require.False(t, c.Now().Before(before))
	require.Zero(t, c.Offset())
	requireOpen(t, moved)
}

// TestChanged: who asked before a move is told of it, and of that one alone.
func TestChanged(t *testing.T) {
	t.Parallel()
	c := clock.Test(0)
	first := c.Changed()
	requireOpen(t, first)
	c.Advance(time.Second)
	<-first
	second := c.Changed()
	requireOpen(t, second)
	c.Advance(time.Second)
	<-second
}

func requireOpen(t *testing.T, moved <-chan struct{}) {
	t.Helper()
	select {
	case <-moved:
		require.Fail(t, "the clock was not moved")
	default:
	}
}
