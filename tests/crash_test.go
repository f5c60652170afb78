package tests

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/tests/harness"
)

const (
	crashes       = 10
	crashClients  = 8
	crashSessions = 150 // acknowledged before each crash
)

// What was acknowledged survives a kill, and a request whose answer was lost can be sent again.
func TestCrash(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		database := harness.NewDatabase(t, kind)
		all := &load{acknowledged: map[string]harness.Answer{}, lost: map[string]bool{}}
		process := harness.Run(t, "--db", database.DSN)
		for round := range crashes {
			before := len(all.acknowledged)
			finished := all.start(process, fmt.Sprint("round-", round))
			require.Eventually(t, func() bool { return all.count() >= before+crashSessions }, time.Minute, time.Millisecond)
			process.Kill()
			finished.Wait()
			process = harness.Run(t, "--db", database.DSN)
			all.requireKept(t, process)
		}
		process.Stop()
		require.Equal(t, len(all.acknowledged), database.Sessions(), "one session for each key")
		database.RequireSound()
	})
}

// load is what clients have asked for at full speed and what they were told.
type load struct {
	mu           sync.Mutex
	acknowledged map[string]harness.Answer // by idempotency key
	lost         map[string]bool           // keys of requests without an answer
	unexpected   atomic.Pointer[harness.Answer]
}

// start sends requests until the server is gone.
func (l *load) start(process *harness.Process, name string) *sync.WaitGroup {
	var clients sync.WaitGroup
	for client := range crashClients {
		clients.Go(func() {
			for i := 0; l.send(process, fmt.Sprintf("%s-%d-%d", name, client, i)); i++ {
			}
		})
	}
	return &clients
}

// send sends one request and tells whether it was answered.
func (l *load) send(process *harness.Process, key string) bool {
	answer, err := process.Do(once(key))
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
		l.lost[key] = true
		return false
	case answer.Status != http.StatusOK:
		l.unexpected.Store(&answer)
		return false
	}
	l.acknowledged[key] = answer
	return true
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acknowledged)
}

// requireKept checks that everything that was acknowledged is there, and sends again what was not answered.
func (l *load) requireKept(t *testing.T, process *harness.Process) {
	t.Helper()
	require.Nil(t, l.unexpected.Load())
	for key, answer := range l.acknowledged {
		kept := process.Send(t, harness.Request{Path: harness.Sessions + "/" + answer.Session(t).ID})
		require.Equal(t, answer.Body, kept.Body, key)
	}
	for key := range l.lost {
		answer := process.Send(t, once(key))
		answer.Session(t)
		l.acknowledged[key] = answer
		requireSameAgain(t, process, key, answer)
	}
	clear(l.lost)
	for key, answer := range l.acknowledged {
		requireSameAgain(t, process, key, answer)
		break // the order of a map is random: another one each time
	}
}

func requireSameAgain(t *testing.T, process *harness.Process, key string, answer harness.Answer) {
	t.Helper()
	again := process.Send(t, once(key))
	require.Equal(t, answer.Body, again.Body, key)
	require.Equal(t, "true", again.Header.Get("Idempotent-Replayed"), key)
}
