package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	for _, tt := range []struct {
		name   string
		values []int
		p      float64
		want   int
	}{
		{"nothing", nil, 50, 0},
		{"one value", []int{7}, 99, 7},
		{"median of two is the lower", []int{1, 2}, 50, 1},
		{"median of a hundred", hundred, 50, 50},
		{"99th of a hundred", hundred, 99, 99},
		{"highest", hundred, 100, 100},
		{"lowest", hundred, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, percentile(tt.values, tt.p))
		})
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	require.Zero(t, median([]float64{}))
	require.InDelta(t, 2, median([]float64{3, 1, 2}), 0)
	require.InDelta(t, 2.5, median([]float64{4, 1, 2, 3}), 0)
	require.Equal(t, 15*time.Millisecond, median([]time.Duration{10 * time.Millisecond, 20 * time.Millisecond}))
}

func TestRatiosAreTakenRoundByRound(t *testing.T) {
	t.Parallel()
	require.Equal(t, []float64{0.5, 2}, ratios([]float64{1, 4, 9}, []float64{2, 2}))
	require.Equal(t, []float64{3}, ratios([]float64{1, 3}, []float64{0, 1}), "a round without a result is left out")
}
