package tests

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/impl/clock"
	"fincon/tests/harness"
)

// once is a request to create a session under an idempotency key.
func once(key string) harness.Request {
	return harness.Request{Body: minimal, Header: map[string]string{"Idempotency-Key": key}}
}

// requireReplay checks that an answer is an earlier one, given again.
func requireReplay(t *testing.T, first, again harness.Answer) {
	t.Helper()
	require.Equal(t, first.Status, again.Status)
	require.Equal(t, first.Body, again.Body)
	require.Equal(t, "true", again.Header.Get("Idempotent-Replayed"))
	require.Equal(t, first.Header.Get("Request-Id"), again.Header.Get("Original-Request"))
	require.NotEqual(t, first.Header.Get("Request-Id"), again.Header.Get("Request-Id"))
	require.Equal(t, first.Header.Get("Idempotency-Key"), again.Header.Get("Idempotency-Key"))
	require.Equal(t, first.Header.Get("Content-Type"), again.Header.Get("Content-Type"))
}

func TestIdempotencyReplay(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		first := server.Send(t, once("one"))
		first.Session(t)
		require.Equal(t, "one", first.Header.Get("Idempotency-Key"))
		require.Equal(t, first.Header.Get("Request-Id"), first.Header.Get("Original-Request"))
		require.Empty(t, first.Header.Get("Idempotent-Replayed"))
		requireReplay(t, first, server.Send(t, once("one")))

		spelled := once("one") // the same parameters, in another order, spelling and body type
		spelled.Body = "permissions[7]=balances&account_holder%5Bcustomer%5D=cus_123&account_holder[type]=customer"
		requireReplay(t, first, server.Send(t, spelled))
		spelled.Type = harness.JSONType
		spelled.Body = `{"permissions":["balances"],"account_holder":{"customer":"cus_123","type":"customer"}}`
		requireReplay(t, first, server.Send(t, spelled))
		require.Equal(t, 1, server.Database.Sessions())
	})
}

// Of many requests with one key at the same time, one does the work; the others get its answer or are told to wait.
func TestIdempotencyConcurrent(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		requireOneSession(t, server.Database, concurrently(t, 50, func(int) (harness.Answer, error) { return server.Do(once("one")) }))
	})
}

// Several processes that share a PostgreSQL do the work once too.
func TestIdempotencyProcesses(t *testing.T) {
	t.Parallel()
	database := harness.NewDatabase(t, harness.Postgres)
	processes := []*harness.Process{harness.Run(t, "--db", database.DSN), harness.Run(t, "--db", database.DSN)}
	for round := range 10 {
		key := fmt.Sprint("round-", round)
		answers := concurrently(t, 20, func(i int) (harness.Answer, error) { return processes[i%2].Do(once(key)) })
		requireOneSession(t, nil, answers)
		require.Equal(t, round+1, database.Sessions())
	}
}

// concurrently sends requests at the same time.
func concurrently(t *testing.T, count int, send func(i int) (harness.Answer, error)) []harness.Answer {
	t.Helper()
	answers, errs := make([]harness.Answer, count), make([]error, count)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range count {
		group.Go(func() {
			<-start
			answers[i], errs[i] = send(i)
		})
	}
	close(start)
	group.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	return answers
}

// requireOneSession checks that one session came of all answers.
func requireOneSession(t *testing.T, database *harness.Database, answers []harness.Answer) {
	t.Helper()
	ids, firsts := map[string]bool{}, 0
	for _, answer := range answers {
		if answer.Status == http.StatusConflict {
			require.Equal(t, "idempotency_key_in_use", answer.Error(t).Code)
			require.Equal(t, "invalid_request_error", answer.Error(t).Type)
			require.Equal(t, "true", answer.Header.Get("Stripe-Should-Retry"))
			continue
		}
		ids[answer.Session(t).ID] = true
		if answer.Header.Get("Idempotent-Replayed") == "" {
			firsts++
		}
	}
	require.Len(t, ids, 1)
	require.Equal(t, 1, firsts)
	if database != nil {
		require.Equal(t, 1, database.Sessions())
	}
}

// What was answered is remembered by the database, not by the process.
func TestIdempotencyRestart(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		database := harness.NewDatabase(t, kind)
		process := harness.Run(t, "--db", database.DSN)
		first := process.Send(t, once("one"))
		process.Stop()
		process = harness.Run(t, "--db", database.DSN)
		requireReplay(t, first, process.Send(t, once("one")))
		process.Kill()
		process = harness.Run(t, "--db", database.DSN)
		requireReplay(t, first, process.Send(t, once("one")))
		require.Equal(t, 1, database.Sessions())
	})
}

func TestIdempotencyMisuse(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		first := server.Send(t, once("one"))
		other := once("one")
		other.Body += "&permissions[]=ownership"
		answer := server.Send(t, other)
		require.Equal(t, http.StatusBadRequest, answer.Status)
		require.Equal(t, harness.Error{Type: "idempotency_error", Message: "Keys for idempotent requests can only be used with " +
			"the same parameters they were first used with. Try using a key other than 'one' if you meant to execute a " +
			"different request."}, answer.Error(t))
		require.Equal(t, "false", answer.Header.Get("Stripe-Should-Retry"))
		requireReplay(t, first, server.Send(t, once("one")))
		require.Equal(t, 1, server.Database.Sessions())
	})
}

// A request that was refused leaves its key free (server-api 1.9).
func TestIdempotencyForgetsRefusals(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, body string }{
		{"unknown parameter", minimal + "&bogus=1"},
		{"missing parameter", "permissions[]=balances"},
		{"rule between parameters", minimal + "&prefetch[]=ownership"},
		{"syntax", minimal + "&permissions[0=x"},
	}
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				refused := once(c.name)
				refused.Body = c.body
				require.Equal(t, http.StatusBadRequest, server.Send(t, refused).Status)
				answer := server.Send(t, once(c.name))
				answer.Session(t)
				require.Empty(t, answer.Header.Get("Idempotent-Replayed"))
			})
		}
	})
}

// A fault of the server leaves nothing behind: when it is mended, the same request succeeds.
func TestIdempotencyForgetsFaults(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		server.Database.Exec("ALTER TABLE sessions RENAME TO away")
		answer := server.Send(t, once("one"))
		require.Equal(t, http.StatusInternalServerError, answer.Status)
		fault := answer.Error(t)
		require.Equal(t, "api_error", fault.Type)
		require.Contains(t, fault.Message, answer.Header.Get("Request-Id"))
		require.NotContains(t, strings.ToLower(answer.Body), "table", "the cause is for the log alone")
		require.Equal(t, "true", answer.Header.Get("Stripe-Should-Retry"))

		server.Database.Exec("ALTER TABLE away RENAME TO sessions")
		again := server.Send(t, once("one"))
		again.Session(t)
		require.Empty(t, again.Header.Get("Idempotent-Replayed"))
	})
}

// Keys are forgotten after a day of the server's time, and not before.
func TestIdempotencyExpiry(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		clock := clock.Stopped(time.Now().Truncate(time.Second))
		server := harness.Start(t, kind, harness.Clock(clock))
		first := server.Send(t, once("one"))
		clock.Advance(24*time.Hour - time.Second)
		requireReplay(t, first, server.Send(t, once("one")))

		clock.Advance(2 * time.Second)
		other := once("one")
		other.Body += "&permissions[]=ownership"
		second := server.Send(t, other)
		require.NotEqual(t, first.Session(t).ID, second.Session(t).ID)
		require.Empty(t, second.Header.Get("Idempotent-Replayed"))
		requireReplay(t, second, server.Send(t, other))
	})
}

func TestIdempotencyKeyForm(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, key string
		valid     bool
	}{
		{"one character", "x", true},
		{"255 characters", strings.Repeat("x", 255), true},
		{"255 characters of two bytes", strings.Repeat("é", 255), true},
		{"quotes and brackets", `it's "{[<&>]}" \ %00`, true},
		{"not UTF-8", "\xff\xfe", true},
		{"empty", "", false},
		{"256 characters", strings.Repeat("x", 256), false},
	}
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				answer := server.Send(t, once(c.key))
				if c.valid {
					answer.Session(t)
					require.Equal(t, c.key, answer.Header.Get("Idempotency-Key"))
					requireReplay(t, answer, server.Send(t, once(c.key)))
					return
				}
				require.Equal(t, http.StatusBadRequest, answer.Status)
				require.Equal(t, "invalid_request_error", answer.Error(t).Type)
				require.True(t, strings.HasPrefix(answer.Error(t).Message, "Idempotency Key must be a non-empty string."))
			})
		}
	})
}

// A key means nothing to other tenants, in the other mode and for other accounts.
func TestIdempotencyScope(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		requests := []harness.Request{once("one"), once("one"), once("one"), once("one")}
		requests[1].Key = "sk_test_other"
		requests[2].Key = "sk_live_harness"
		requests[3].Header["Stripe-Account"] = "acct_1"
		ids := map[string]bool{}
		for _, request := range requests {
			answer := server.Send(t, request)
			require.Empty(t, answer.Header.Get("Idempotent-Replayed"))
			ids[answer.Session(t).ID] = true
		}
		require.Len(t, ids, len(requests))
	})
}

// Reading needs no key, and one that is sent does nothing (server-api 1.9).
func TestIdempotencyReading(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	id := server.Create(t, minimal).Session(t).ID
	for _, key := range []string{"one", strings.Repeat("x", 256), ""} {
		answer := server.Send(t, harness.Request{Path: harness.Sessions + "/" + id, Header: map[string]string{"Idempotency-Key": key}})
		answer.Session(t)
		require.Empty(t, answer.Header.Get("Idempotent-Replayed"))
		require.Empty(t, answer.Header.Get("Original-Request"))
	}
	server.Send(t, once("one")).Session(t)
}
