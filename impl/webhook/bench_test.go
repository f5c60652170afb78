package webhook_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/gen"
	"fincon/impl/event"
	"fincon/impl/store"
	"fincon/tests/harness"
)

// BenchmarkDeliveries delivers to nine of ten endpoints on this machine while the tenth holds on to all that it is given.
// One operation is one delivery.
func BenchmarkDeliveries(b *testing.B) {
	kinds := []harness.Kind{harness.SQLite}
	if os.Getenv("FINCON_TEST_POSTGRES") != "" {
		kinds = append(kinds, harness.Postgres)
	}
	for _, kind := range kinds {
		b.Run(string(kind), func(b *testing.B) { benchmarkDeliveries(b, kind) })
	}
}

func benchmarkDeliveries(b *testing.B, kind harness.Kind) {
	const alive = 9
	w := begin(b, kind, options{})
	release := make(chan struct{})
	dead := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	b.Cleanup(dead.Close)
	w.endpoint(testMode, dead.URL, "")
	events := (b.N + alive - 1) / alive
	var received atomic.Int64
	all := make(chan struct{})
	for range alive {
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if received.Add(1) == int64(events*alive) {
				close(all)
			}
		}))
		b.Cleanup(receiver.Close)
		w.endpoint(testMode, receiver.URL, "")
	}
	record(b, w, events)
	b.ResetTimer()
	w.runner.Kick()
	<-all
	b.StopTimer()
	b.ReportMetric(float64(events*alive)/b.Elapsed().Seconds(), "deliveries/s")
	w.write(func(ctx context.Context, tx *store.Tx) error { // the rest is not what is measured
		return tx.ResetTenant(ctx, testMode.Tenant)
	})
	close(release)
}

// record records events in transactions of a hundred.
func record(b *testing.B, w *world, events int) {
	now := w.clock.Now()
	for begun := 0; begun < events; begun += 100 {
		w.write(func(ctx context.Context, tx *store.Tx) error {
			for range min(100, events-begun) {
				require.NoError(b, event.Record(ctx, tx, testMode, now, gen.EventTypeFinancialConnectionsAccountCreated,
					[]byte("{\n  \"id\": \"fca_1\"\n}\n"), event.Request{}))
			}
			return nil
		})
	}
}
