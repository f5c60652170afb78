package sqlite_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
	"fincon/impl/store/sqlite"
)

var body = []byte(`{"id": "` + strings.Repeat("x", 640) + `"}`)

func id(n int64) string { return fmt.Sprintf("fcsess_%024d", n) }

func hash(n int64) []byte {
	h := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return h[:]
}

func create(ctx context.Context, s *store.Store, n int64) error {
	scope := store.Scope{Tenant: "bench"}
	// The key is random as the SDKs' are.
	session := store.Session{ID: id(n), Body: body}
	result := store.IdempotentResult{Key: fmt.Sprintf("stripe-node-retry-%x", hash(-n)[:16]), Fingerprint: hash(n),
		Path: "/v1/financial_connections/sessions", RequestID: "req_1234567890abcd", Status: 200, Body: body, Created: 1000}
	return s.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertSession(ctx, scope, session); err != nil {
			return err
		}
		return tx.SaveIdempotent(ctx, scope, result, 500)
	})
}

// BenchmarkWrite is a session and an idempotent result per operation, 64 writers, file on disk.
func BenchmarkWrite(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "fincon.db"), sqlite.Options{})
	require.NoError(b, err)
	var next atomic.Int64
	var writers sync.WaitGroup
	b.ReportAllocs()
	used := cpu(b)
	b.ResetTimer()
	for range 64 {
		writers.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := create(ctx, s, n); err != nil {
					b.Error(err)
				}
			}
		})
	}
	writers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
	b.ReportMetric(float64(cpu(b)-used)/float64(b.N), "cpu-ns/op")
	b.StopTimer()
	require.NoError(b, s.Close())
}

// BenchmarkRead is one session per operation: the same one, and each of 50,000 in turn.
func BenchmarkRead(b *testing.B) {
	const sessions = 50_000
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "fincon.db"), sqlite.Options{})
	require.NoError(b, err)
	var writers sync.WaitGroup
	var next atomic.Int64
	for range 64 {
		writers.Go(func() {
			for n := next.Add(1); n <= sessions; n = next.Add(1) {
				if err := create(ctx, s, n); err != nil {
					b.Error(err)
				}
			}
		})
	}
	writers.Wait()
	read := func(b *testing.B, step int64) {
		b.ReportAllocs()
		for i := range int64(b.N) {
			if _, err := s.Session(ctx, store.Scope{Tenant: "bench"}, id(i*step%sessions+1)); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("cached", func(b *testing.B) { read(b, 0) })
	b.Run("uncached", func(b *testing.B) { read(b, 1) })
	require.NoError(b, s.Close())
}

// BenchmarkOpen is opening and closing a new file, one that is up to date, and memory.
func BenchmarkOpen(b *testing.B) {
	open := func(b *testing.B, path string) {
		s, err := sqlite.Open(b.Context(), path, sqlite.Options{})
		require.NoError(b, err)
		require.NoError(b, s.Close())
	}
	b.Run("new", func(b *testing.B) {
		dir := b.TempDir()
		for i := range b.N {
			open(b, filepath.Join(dir, fmt.Sprint(i)))
		}
	})
	b.Run("existing", func(b *testing.B) {
		path := filepath.Join(b.TempDir(), "fincon.db")
		open(b, path)
		for b.Loop() {
			open(b, path)
		}
	})
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			open(b, ":memory:")
		}
	})
}

// cpu is what the process has used so far, which says more than the clock on a machine that is shared.
func cpu(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
