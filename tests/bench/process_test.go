package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStatusBytes(t *testing.T) {
	t.Parallel()
	const status = "Name:\tfincon\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n"
	rss, err := statusBytes(status, "VmRSS")
	require.NoError(t, err)
	require.EqualValues(t, 10<<20, rss)
	_, err = statusBytes(status, "VmSwap")
	require.Error(t, err)
}

func TestStatTime(t *testing.T) {
	t.Parallel()
	const stat = "77 (a (b) c) S 1 77 77 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 9 0 100 1000 200"
	require.Equal(t, 2*time.Second, statTime(stat))
	require.Zero(t, statTime("77 (x) S"))
}

func TestCoreStatTime(t *testing.T) {
	t.Parallel()
	const stat = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 1 1 1 1 1 1 1 1 1\ncpu1 100 1 20 5000 300 3 4 72 50 0\nintr 1\n"
	require.Equal(t, 2*time.Second, coreStatTime(stat, "1"))
	require.Zero(t, coreStatTime(stat, "7"))
}
