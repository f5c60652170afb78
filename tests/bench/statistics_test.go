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

func TestRatioIsTakenRoundByRound(t *testing.T) {
	t.Parallel()
	calm := func(perSecond float64) result { return result{perSecond: perSecond} }
	noisy := func(perSecond float64) result { return result{perSecond: perSecond, disturbed: true} }
	a, b := cell{operation: "a"}, cell{operation: "b"}
	for _, tt := range []struct {
		name string
		a, b []result
		want float64
	}{
		{"median of the rounds", []result{calm(1), calm(4), calm(30)}, []result{calm(2), calm(4), calm(10)}, 1},
		{"a noisy round is left out", []result{calm(1), noisy(1)}, []result{calm(2), calm(1)}, 0.5},
		{"on either side", []result{calm(1), calm(1)}, []result{calm(2), noisy(1)}, 0.5},
		{"all are noisy", []result{noisy(1), calm(3)}, []result{calm(1), noisy(1)}, 2},
		{"never measured", nil, nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.InDelta(t, tt.want, cells{a: tt.a, b: tt.b}.ratio(a, b), 1e-9)
		})
	}
}
