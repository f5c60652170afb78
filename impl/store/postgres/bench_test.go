package postgres_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
	"fincon/impl/store/postgres"
)

// BenchmarkWrite is a session and an idempotent result per operation, 64 writers.
func BenchmarkWrite(b *testing.B) {
	scope, body := store.Scope{Tenant: fmt.Sprint("bench", os.Getpid(), b.N)}, []byte(strings.Repeat("x", 650))
	for _, size := range []int{4, 8, 16, 32, 64} {
		b.Run(fmt.Sprint("pool=", size), func(b *testing.B) {
			s, err := postgres.Open(b.Context(), os.Getenv("FINCON_TEST_POSTGRES"), postgres.Options{PoolSize: size})
			require.NoError(b, err)
			var next atomic.Int64
			var writers sync.WaitGroup
			scope.Tenant += "x"
			b.ReportAllocs()
			b.ResetTimer()
			for range 64 {
				writers.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						hash := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
						session := store.Session{ID: fmt.Sprintf("fcsess_%024d", n), Body: body}
						result := store.IdempotentResult{Key: fmt.Sprintf("stripe-node-retry-%x", hash[:16]), Fingerprint: hash[:],
							Path: "/v1/financial_connections/sessions", RequestID: "req_1", Status: 200, Body: body, Created: 1000}
						if err := s.Write(b.Context(), func(ctx context.Context, tx *store.Tx) error {
							if err := tx.InsertSession(ctx, scope, session); err != nil {
								return err
							}
							return tx.SaveIdempotent(ctx, scope, result, 500)
						}); err != nil {
							b.Error(err)
						}
					}
				})
			}
			writers.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
			b.StopTimer()
			require.NoError(b, s.Close())
		})
	}
}
