// Package storetest is what every kind of store has to get right, whatever database it is on.
package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
)

var (
	scope       = store.Scope{Tenant: "one"}
	otherTenant = store.Scope{Tenant: "two"}
	otherMode   = store.Scope{Tenant: "one", Livemode: true}
)

// Exercise runs the suite. open gives an empty store of its own to each test, and a function that closes it and opens
// the same data again, nil when closing loses the data.
func Exercise(t *testing.T, open func(t *testing.T) (s *store.Store, reopen func() *store.Store)) {
	tests := map[string]func(*testing.T, *store.Store){
		"sessions":                       sessions,
		"sessions of others":             scopes,
		"sessions cannot be added twice": duplicates,
		"bodies come back byte for byte": bodies,
		"text that cannot be stored":     unstorable,
		"idempotency":                    idempotency,
		"idempotency keys are any bytes": idempotencyBytes,
		"idempotency, expired":           expiry,
		"idempotency, pruning":           pruning,
		"idempotency, one of many wins":  race,
		"API keys":                       apiKeys,
		"an error leaves nothing":        rollback,
		"an error that is swallowed":     swallowed,
		"a panic leaves nothing":         panics,
		"the end of the goroutine":       goexit,
		"a transaction sees its own":     ownWrites,
		"the store within a transaction": nested,
		"a context that has ended":       cancelled,
		"concurrent writers":             writers,
		"failing among many":             mixed,
		"reads follow writes":            coherence,
		"updates are not lost":           counting,
		"a store that was closed":        closed,
	}
	for _, nouns := range []map[string]func(*testing.T, *store.Store){
		pageTests, accountTests, transactionTests, eventTests, deliveryTests, dueTests, tenantTests, flowTests,
	} {
		maps.Copy(tests, nouns)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := open(t)
			test(t, s)
		})
	}
	t.Run("data is there after reopening", func(t *testing.T) {
		t.Parallel()
		s, reopen := open(t)
		insert(t, s, scope, "fcsess_1", "body")
		if reopen == nil {
			return
		}
		s = reopen()
		requireBody(t, s, scope, "fcsess_1", "body")
		insert(t, s, scope, "fcsess_2", "body")
	})
}

func session(id, body string) store.Session {
	return store.Session{ID: id, Body: []byte(body)}
}

func insert(t *testing.T, s *store.Store, scope store.Scope, id, body string) {
	t.Helper()
	require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertSession(ctx, scope, session(id, body))
	}))
}

func update(ctx context.Context, s *store.Store, scope store.Scope, id, body string) error {
	return s.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.UpdateSession(ctx, scope, id, []byte(body))
	})
}

func requireBody(t *testing.T, s *store.Store, scope store.Scope, id, body string) {
	t.Helper()
	for range 2 { // the second may come from a cache
		got, err := s.Session(t.Context(), scope, id)
		require.NoError(t, err)
		require.Equal(t, body, string(got))
		exists, err := s.SessionExists(t.Context(), scope, id)
		require.NoError(t, err)
		require.True(t, exists)
	}
}

func requireNone(t *testing.T, s *store.Store, scope store.Scope, id string) {
	t.Helper()
	_, err := s.Session(t.Context(), scope, id)
	require.ErrorIs(t, err, store.ErrNotFound)
	exists, err := s.SessionExists(t.Context(), scope, id)
	require.NoError(t, err)
	require.False(t, exists)
}

func sessions(t *testing.T, s *store.Store) {
	requireNone(t, s, scope, "fcsess_1")
	require.ErrorIs(t, update(t.Context(), s, scope, "fcsess_1", "b"), store.ErrNotFound)
	requireNone(t, s, scope, "fcsess_1")

	insert(t, s, scope, "fcsess_1", "a")
	requireBody(t, s, scope, "fcsess_1", "a")
	requireNone(t, s, scope, "fcsess_2")
	requireNone(t, s, scope, "FCSESS_1")

	require.NoError(t, update(t.Context(), s, scope, "fcsess_1", "b"))
	requireBody(t, s, scope, "fcsess_1", "b")
}

func scopes(t *testing.T, s *store.Store) {
	insert(t, s, scope, "fcsess_1", "a")
	for _, other := range []store.Scope{otherTenant, otherMode, {Tenant: "ONE"}, {Tenant: "one "}, {}} {
		requireNone(t, s, other, "fcsess_1")
		require.ErrorIs(t, update(t.Context(), s, other, "fcsess_1", "b"), store.ErrNotFound)
	}
	requireBody(t, s, scope, "fcsess_1", "a")

	// The same id is another session there.
	insert(t, s, otherTenant, "fcsess_1", "b")
	insert(t, s, otherMode, "fcsess_1", "c")
	requireBody(t, s, scope, "fcsess_1", "a")
	requireBody(t, s, otherTenant, "fcsess_1", "b")
	requireBody(t, s, otherMode, "fcsess_1", "c")
}

func duplicates(t *testing.T, s *store.Store) {
	insert(t, s, scope, "fcsess_1", "a")
	require.ErrorIs(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertSession(ctx, scope, session("fcsess_1", "b"))
	}), store.ErrExists)
	requireBody(t, s, scope, "fcsess_1", "a")
}

func bodies(t *testing.T, s *store.Store) {
	for i, body := range []string{
		"{\n  \"b\": 1,\n  \"a\": 1.0,\n  \"a\": 2\n}\n", " \t{}\r\n", `{"name": "Zoë \u0000 \ud83d\ude00 😀 \/"}`, "not JSON",
		strings.Repeat("x", 4096), strings.Repeat("y", 4097), strings.Repeat("z", 1<<20),
	} {
		id := fmt.Sprintf("fcsess_%d", i)
		insert(t, s, scope, id, body)
		requireBody(t, s, scope, id, body)
		require.NoError(t, update(t.Context(), s, scope, id, body+" "))
		requireBody(t, s, scope, id, body+" ")
	}
	for i := range 7 {
		got, err := s.Session(t.Context(), scope, fmt.Sprintf("fcsess_%d", i))
		require.NoError(t, err)
		require.Equal(t, byte(' '), got[len(got)-1])
	}
}

func unstorable(t *testing.T, s *store.Store) {
	for _, text := range []string{"", "\x00", "fcsess_\x00", "\xff", "\xed\xa0\x80"} {
		requireNone(t, s, scope, text)
		requireNone(t, s, store.Scope{Tenant: text}, "fcsess_1")
		_, err := s.Idempotent(t.Context(), store.Scope{Tenant: text}, "key")
		require.ErrorIs(t, err, store.ErrNotFound)
	}
}

func result(key, body string, created int64) store.IdempotentResult {
	return store.IdempotentResult{Key: key, Fingerprint: []byte{0, 1, 255}, Path: "/v1/things", RequestID: "req_" + body,
		Status: 200, Body: []byte(body), Created: created}
}

func save(ctx context.Context, s *store.Store, scope store.Scope, r store.IdempotentResult, notBefore int64) error {
	return s.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.SaveIdempotent(ctx, scope, r, notBefore)
	})
}

func requireResult(t *testing.T, s *store.Store, scope store.Scope, want store.IdempotentResult) {
	t.Helper()
	got, err := s.Idempotent(t.Context(), scope, want.Key)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func idempotency(t *testing.T, s *store.Store) {
	_, err := s.Idempotent(t.Context(), scope, "key")
	require.ErrorIs(t, err, store.ErrNotFound)

	first := result("key", "first", 1000)
	require.NoError(t, save(t.Context(), s, scope, first, 0))
	requireResult(t, s, scope, first)

	// What the same transaction wrote goes with it.
	err = s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertSession(ctx, scope, session("fcsess_1", "a")); err != nil {
			return err
		}
		return tx.SaveIdempotent(ctx, scope, result("key", "second", 1001), 1000)
	})
	require.ErrorIs(t, err, store.ErrConflict)
	requireNone(t, s, scope, "fcsess_1")
	requireResult(t, s, scope, first)

	for i, other := range []store.Scope{otherTenant, otherMode} {
		_, err := s.Idempotent(t.Context(), other, "key")
		require.ErrorIs(t, err, store.ErrNotFound)
		r := result("key", fmt.Sprint(i), 1000)
		require.NoError(t, save(t.Context(), s, other, r, 0))
		requireResult(t, s, other, r)
	}
	requireResult(t, s, scope, first)
}

func idempotencyBytes(t *testing.T, s *store.Store) {
	for i, key := range []string{"", "\x00", "\xff\xfe", "Key", "key", "key ", strings.Repeat("k", 255)} {
		r := result(key, fmt.Sprint(i), 1000)
		r.Path, r.Body, r.Status = "/v1/\x00\xff", []byte{'{', 0, 0xff, '}'}, 500
		require.NoError(t, save(t.Context(), s, scope, r, 0))
		requireResult(t, s, scope, r)
	}
}

func expiry(t *testing.T, s *store.Store) {
	require.NoError(t, save(t.Context(), s, scope, result("key", "first", 1000), 0))
	require.ErrorIs(t, save(t.Context(), s, scope, result("key", "second", 2000), 1000), store.ErrConflict)

	second := result("key", "second", 2000)
	second.Fingerprint, second.Path, second.Status = []byte("other"), "/v1/others", 400
	require.NoError(t, save(t.Context(), s, scope, second, 1001))
	requireResult(t, s, scope, second)
	require.ErrorIs(t, save(t.Context(), s, scope, result("key", "third", 2001), 1001), store.ErrConflict)
	requireResult(t, s, scope, second)
}

func pruning(t *testing.T, s *store.Store) {
	for i := range int64(10) {
		require.NoError(t, save(t.Context(), s, []store.Scope{scope, otherTenant, otherMode}[i%3],
			result(fmt.Sprint(i), "body", 1000+i), 0))
	}
	left := func() (keys []string) {
		for i := range 10 {
			for _, scope := range []store.Scope{scope, otherTenant, otherMode} {
				if r, err := s.Idempotent(t.Context(), scope, fmt.Sprint(i)); err == nil {
					keys = append(keys, r.Key)
				}
			}
		}
		return keys
	}
	for _, step := range []struct {
		before int64
		limit  int
		n      int
		left   string
	}{
		{1000, 100, 0, "0123456789"},
		{1005, 3, 3, "3456789"},
		{1005, 3, 2, "56789"},
		{1005, 3, 0, "56789"},
		{2000, 100, 5, ""},
		{2000, 100, 0, ""},
	} {
		n, err := s.PruneIdempotent(t.Context(), step.before, step.limit)
		require.NoError(t, err)
		require.Equal(t, step.n, n)
		require.Equal(t, step.left, strings.Join(left(), ""))
	}
}

// race: of many requests with one key, one is carried out, and each other is told so.
func race(t *testing.T, s *store.Store) {
	const requests = 20
	errs := make([]error, requests)
	var wg sync.WaitGroup
	for i := range requests {
		wg.Go(func() {
			errs[i] = s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				if err := tx.InsertSession(ctx, scope, session(fmt.Sprintf("fcsess_%d", i), "a")); err != nil {
					return err
				}
				return tx.SaveIdempotent(ctx, scope, result("key", fmt.Sprint(i), 1000), 0)
			})
			if errs[i] != nil {
				// The winner's result is there as soon as another is refused.
				if _, err := s.Idempotent(t.Context(), scope, "key"); err != nil {
					errs[i] = err
				}
			}
		})
	}
	wg.Wait()
	won := 0
	for i, err := range errs {
		id := fmt.Sprintf("fcsess_%d", i)
		if err == nil {
			won++
			requireBody(t, s, scope, id, "a")
			requireResult(t, s, scope, result("key", fmt.Sprint(i), 1000))
		} else {
			require.ErrorIs(t, err, store.ErrConflict)
			requireNone(t, s, scope, id)
		}
	}
	require.Equal(t, 1, won)
}

func apiKeys(t *testing.T, s *store.Store) {
	keys, err := s.APIKeys(t.Context())
	require.NoError(t, err)
	require.Empty(t, keys)
	hash := func(key string) []byte {
		h := sha256.Sum256([]byte(key))
		return h[:]
	}
	want := []store.APIKey{
		{Hash: hash("1"), Tenant: "a", Kind: "secret", Created: 3, Hint: "sk_test_…1"},
		{Hash: hash("2"), Tenant: "a", Livemode: true, Kind: "restricted", Created: 1, Hint: "rk_live_…2"},
		{Hash: hash("3"), Tenant: "b", Kind: "publishable", Created: 2, Hint: "pk_test_…3"},
	}
	for _, i := range []int{2, 0, 1} {
		require.NoError(t, s.InsertAPIKey(t.Context(), want[i]))
	}
	require.ErrorIs(t, s.InsertAPIKey(t.Context(), want[0]), store.ErrExists)
	keys, err = s.APIKeys(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, keys)

	for range 2 { // revoking again keeps the first time
		require.NoError(t, s.RevokeAPIKey(t.Context(), hash("2"), 100))
		want[1].Revoked = 100
	}
	require.NoError(t, s.RevokeAPIKey(t.Context(), hash("2"), 200))
	for _, key := range want {
		got, err := s.APIKeyByHash(t.Context(), key.Hash)
		require.NoError(t, err)
		require.Equal(t, key, got)
	}
	_, err = s.APIKeyByHash(t.Context(), hash("4"))
	require.ErrorIs(t, err, store.ErrNotFound)
	require.ErrorIs(t, s.RevokeAPIKey(t.Context(), hash("4"), 100), store.ErrNotFound)
}

var errExpected = errors.New("expected")

// writeThenEnd writes something of each kind, and then ends.
func writeThenEnd(s *store.Store, ctx context.Context, end func() error) error {
	return s.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertSession(ctx, scope, session("fcsess_new", "new")); err != nil {
			return err
		}
		if err := tx.UpdateSession(ctx, scope, "fcsess_old", []byte("new")); err != nil {
			return err
		}
		if err := tx.SaveIdempotent(ctx, scope, result("key", "new", 1000), 0); err != nil {
			return err
		}
		if _, err := tx.Session(ctx, scope, "fcsess_new"); err != nil { // all of it has been sent
			return err
		}
		return end()
	})
}

func requireOld(t *testing.T, s *store.Store) {
	t.Helper()
	requireNone(t, s, scope, "fcsess_new")
	requireBody(t, s, scope, "fcsess_old", "old")
	_, err := s.Idempotent(t.Context(), scope, "key")
	require.ErrorIs(t, err, store.ErrNotFound)
	insert(t, s, scope, "fcsess_next", "next") // and the store goes on
	requireBody(t, s, scope, "fcsess_next", "next")
}

func rollback(t *testing.T, s *store.Store) {
	insert(t, s, scope, "fcsess_old", "old")
	err := writeThenEnd(s, t.Context(), func() error { return errExpected })
	require.ErrorIs(t, err, errExpected)
	requireOld(t, s)
}

// swallowed: a function that goes on after a statement has failed does not commit the rest.
func swallowed(t *testing.T, s *store.Store) {
	insert(t, s, scope, "fcsess_old", "old")
	err := s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_ = tx.UpdateSession(ctx, scope, "fcsess_old", []byte("new"))
		_ = tx.UpdateSession(ctx, scope, "fcsess_none", []byte("new"))
		_ = tx.InsertSession(ctx, scope, session("fcsess_new", "new"))
		return nil
	})
	require.ErrorIs(t, err, store.ErrNotFound)
	requireOld(t, s)
}

func panics(t *testing.T, s *store.Store) {
	insert(t, s, scope, "fcsess_old", "old")
	err := writeThenEnd(s, t.Context(), func() error { panic("expected") })
	var panicked *store.ErrPanic
	require.ErrorAs(t, err, &panicked)
	require.Equal(t, "expected", panicked.Value)
	require.Contains(t, string(panicked.Stack), "storetest.panics")
	requireOld(t, s)
}

func goexit(t *testing.T, s *store.Store) {
	insert(t, s, scope, "fcsess_old", "old")
	done := make(chan error, 1)
	go func() {
		defer close(done)
		done <- writeThenEnd(s, t.Context(), func() error { runtime.Goexit(); return nil })
	}()
	if err, answered := <-done; answered { // on an engine that runs the function on the caller's goroutine it is gone
		require.Error(t, err)
	}
	requireOld(t, s)
}

func ownWrites(t *testing.T, s *store.Store) {
	insert(t, s, scope, "fcsess_1", "a")
	require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		if err := tx.UpdateSession(ctx, scope, "fcsess_1", []byte("b")); err != nil {
			return err
		}
		body, err := tx.Session(ctx, scope, "fcsess_1")
		if err != nil {
			return err
		}
		if _, err := tx.Session(ctx, scope, "fcsess_2"); !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("a session that is not there: %w", err)
		}
		return tx.InsertSession(ctx, scope, session("fcsess_2", string(body)+"c"))
	}))
	requireBody(t, s, scope, "fcsess_1", "b")
	requireBody(t, s, scope, "fcsess_2", "bc")
}

func nested(t *testing.T, s *store.Store) {
	require.ErrorContains(t, s.Write(t.Context(), func(ctx context.Context, _ *store.Tx) error {
		_, err := s.Session(ctx, scope, "fcsess_1")
		return err
	}), "use its Tx")
	require.ErrorContains(t, s.Write(t.Context(), func(ctx context.Context, _ *store.Tx) error {
		return s.Write(ctx, func(context.Context, *store.Tx) error { return nil })
	}), "use its Tx")
}

func cancelled(t *testing.T, s *store.Store) {
	insert(t, s, scope, "fcsess_old", "old")
	ctx, cancel := context.WithCancel(t.Context())

	// Once it runs, it is finished.
	require.NoError(t, s.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		cancel()
		return tx.InsertSession(ctx, scope, session("fcsess_1", "a"))
	}))
	requireBody(t, s, scope, "fcsess_1", "a")

	ran := false
	require.ErrorIs(t, writeThenEnd(s, ctx, func() error { ran = true; return nil }), context.Canceled)
	require.False(t, ran)
	requireOld(t, s)
}

func writers(t *testing.T, s *store.Store) {
	const goroutines, each = 50, 10
	var wg sync.WaitGroup
	errs := make(chan error, goroutines*each)
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprintf("fcsess_%d_%d", g, i)
				err := s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					if err := tx.InsertSession(ctx, scope, session(id, id)); err != nil {
						return err
					}
					return tx.SaveIdempotent(ctx, scope, result(id, id, 1000), 0)
				})
				// What was acknowledged is seen at once.
				if err == nil {
					var body []byte
					if body, err = s.Session(t.Context(), scope, id); err == nil && string(body) != id {
						err = fmt.Errorf("%s has the body %s", id, body)
					}
				}
				if err == nil {
					_, err = s.Idempotent(t.Context(), scope, id)
				}
				errs <- err
			}
		})
	}
	wg.Wait()
	for range goroutines * each {
		require.NoError(t, <-errs)
	}
}

// mixed: units of work that fail do not take others with them.
func mixed(t *testing.T, s *store.Store) {
	const requests = 90
	errs := make([]error, requests)
	var wg sync.WaitGroup
	for i := range requests {
		wg.Go(func() {
			ctx := t.Context()
			if i%9 == 8 {
				ended, cancel := context.WithCancel(ctx)
				cancel()
				ctx = ended
			}
			errs[i] = s.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
				if err := tx.InsertSession(ctx, scope, session(fmt.Sprintf("fcsess_%d", i), "a")); err != nil {
					return err
				}
				switch i % 9 {
				case 2:
					return errExpected
				case 5:
					panic("expected")
				case 7:
					return tx.UpdateSession(ctx, scope, "fcsess_none", nil)
				}
				return nil
			})
		})
	}
	wg.Wait()
	for i, err := range errs {
		id := fmt.Sprintf("fcsess_%d", i)
		switch i % 9 {
		case 2, 5, 7, 8:
			require.Error(t, err)
			requireNone(t, s, scope, id)
		default:
			require.NoError(t, err)
			requireBody(t, s, scope, id, "a")
		}
	}
}

// coherence: nobody reads a body that is older than one that was acknowledged before the read, nor older than one it
// has read before. The sessions are many enough, and their bodies large enough, that a bounded cache drops some.
func coherence(t *testing.T, s *store.Store) {
	const sessions, versions, readers = 4, 40, 4
	body := func(version int64) string { return fmt.Sprintf("%8d", version) }
	var acknowledged [sessions]atomic.Int64
	for i := range sessions {
		insert(t, s, scope, fmt.Sprint("fcsess_", i), body(0))
	}
	var wg sync.WaitGroup
	errs := make(chan error, sessions+readers)
	var writing atomic.Int64
	writing.Store(sessions)
	for i := range sessions {
		wg.Go(func() {
			defer writing.Add(-1)
			for version := int64(1); version <= versions; version++ {
				if err := update(t.Context(), s, scope, fmt.Sprint("fcsess_", i), body(version)); err != nil {
					errs <- err
					return
				}
				acknowledged[i].Store(version)
			}
		})
	}
	for range readers {
		wg.Go(func() {
			var seen [sessions]int64
			for n := 0; writing.Load() > 0 || n < sessions; n++ {
				i := n % sessions
				least := max(acknowledged[i].Load(), seen[i])
				got, err := s.Session(t.Context(), scope, fmt.Sprint("fcsess_", i))
				if err != nil {
					errs <- err
					return
				}
				if _, err := fmt.Sscan(string(got), &seen[i]); err != nil || seen[i] < least {
					errs <- fmt.Errorf("read version %s after version %d (%w)", got, least, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	for i := range sessions {
		requireBody(t, s, scope, fmt.Sprint("fcsess_", i), body(versions))
	}
}

// counting: what a transaction has read holds until it writes.
func counting(t *testing.T, s *store.Store) {
	insert(t, s, scope, "fcsess_1", "0")
	const goroutines, each = 10, 5
	var wg sync.WaitGroup
	errs := make(chan error, goroutines*each)
	for range goroutines {
		wg.Go(func() {
			for range each {
				errs <- s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					body, err := tx.Session(ctx, scope, "fcsess_1")
					if err != nil {
						return err
					}
					var n int
					if _, err := fmt.Sscan(string(body), &n); err != nil {
						return err
					}
					return tx.UpdateSession(ctx, scope, "fcsess_1", fmt.Append(nil, n+1))
				})
			}
		})
	}
	wg.Wait()
	for range goroutines * each {
		require.NoError(t, <-errs)
	}
	requireBody(t, s, scope, "fcsess_1", fmt.Sprint(goroutines*each))
}

func closed(t *testing.T, s *store.Store) {
	insert(t, s, scope, "fcsess_1", "a")
	require.NoError(t, s.Close())
	require.ErrorIs(t, update(t.Context(), s, scope, "fcsess_1", "b"), store.ErrClosed)
	_, err := s.Session(t.Context(), scope, "fcsess_2")
	require.ErrorIs(t, err, store.ErrClosed)
	require.ErrorIs(t, s.Close(), store.ErrClosed)
}
