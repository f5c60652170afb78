package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serve answers with the id that was asked for, and with status from the answer whose number is bad.
func serve(t *testing.T, bad int64, status int) (addr string, answers *atomic.Int64) {
	t.Helper()
	answers = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answers.Add(1) == bad {
			w.WriteHeader(status)
		}
		_, _ = w.Write([]byte(`{"id":"` + path.Base(r.URL.Path) + `","object":"financial_connections.session"}`))
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), answers
}

func TestLoadSendsAsManyAsItIsTold(t *testing.T) {
	t.Parallel()
	addr, answers := serve(t, 0, 0)
	seen := 0
	l := load{addr: addr, connections: 4, stream: createStream, requests: 101, seen: func([]byte) error {
		seen++
		return nil
	}}
	r, err := l.run(t.Context(), process(os.Getpid()))
	require.NoError(t, err)
	require.Equal(t, 101, r.answers)
	require.Equal(t, 101, seen)
	require.EqualValues(t, 101, answers.Load())
	require.Positive(t, r.p50)
	require.GreaterOrEqual(t, r.p99, r.p50)
}

func TestLoadCountsInsideItsWindow(t *testing.T) {
	t.Parallel()
	addr, answers := serve(t, 0, 0)
	const warmup, window = 20 * time.Millisecond, 40 * time.Millisecond
	l := load{addr: addr, connections: 2, stream: createStream, warmup: warmup, window: window}
	r, err := l.run(t.Context(), process(os.Getpid()))
	require.NoError(t, err)
	require.Positive(t, r.answers)
	require.Less(t, int64(r.answers), answers.Load(), "the warm-up does not count")
}

func TestLoadFailsOverOneWrongAnswer(t *testing.T) {
	t.Parallel()
	ids := &idSet{}
	require.NoError(t, ids.add([]byte("fcsess_a")))
	other := func(int) stream {
		return func() ([]byte, []byte) { return retrieveRequest("fcsess_a"), []byte("fcsess_b") }
	}
	for _, tt := range []struct {
		name   string
		status int
		stream func(int) stream
		want   string
	}{
		{"status", http.StatusInternalServerError, retrieveStream(ids, false), "1 requests failed, the first: status 500"},
		{"body", http.StatusOK, other, "answer lacks fcsess_b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr, _ := serve(t, 30, tt.status)
			_, err := load{addr: addr, connections: 2, stream: tt.stream, requests: 60}.run(t.Context(), process(os.Getpid()))
			require.ErrorContains(t, err, tt.want)
		})
	}
}
