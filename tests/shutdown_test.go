package tests

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/tests/harness"
)

// inFlight sends requests that the held database keeps from being answered, and returns when the server works on all of
// them: each is sent twice, and the one that is refused says that the other one is running.
func inFlight(t *testing.T, process *harness.Process, count int) (answers <-chan harness.Answer) {
	t.Helper()
	outcomes := make(chan harness.Answer, 2*count)
	for i := range 2 * count {
		go func() {
			answer, _ := process.Do(once(fmt.Sprint("flight-", i/2)))
			outcomes <- answer
		}()
	}
	for range count {
		require.Equal(t, http.StatusConflict, (<-outcomes).Status)
	}
	return outcomes
}

// The requests that a server works on when it is told to end are answered; new ones are not taken.
func TestShutdown(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		const requests = 20
		database := harness.NewDatabase(t, kind)
		process := harness.Run(t, "--db", database.DSN)
		release := database.HoldWrites()
		answers := inFlight(t, process, requests)

		process.Terminate()
		require.Eventually(t, func() bool {
			conn, err := net.Dial("tcp", strings.TrimPrefix(process.URL, "http://"))
			if err == nil {
				_ = conn.Close()
			}
			return err != nil
		}, 20*time.Second, 5*time.Millisecond, "new connections are taken")
		release()
		for range requests {
			answer := <-answers
			answer.Session(t)
		}
		require.Zero(t, process.Wait(), process.Output())
		require.Equal(t, requests, database.Sessions())
	})
}

// Whenever the signal comes: what was done was answered.
func TestShutdownAtFullSpeed(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		database := harness.NewDatabase(t, kind)
		process := harness.Run(t, "--db", database.DSN)
		var answered atomic.Int64
		var clients sync.WaitGroup
		for range 8 {
			clients.Go(func() {
				for {
					answer, err := process.Do(harness.Request{Body: minimal})
					if err != nil || answer.Status != http.StatusOK {
						return
					}
					answered.Add(1)
				}
			})
		}
		require.Eventually(t, func() bool { return answered.Load() > 300 }, time.Minute, time.Millisecond)
		process.Stop()
		clients.Wait()
		require.Equal(t, int(answered.Load()), database.Sessions())
	})
}

// Who cannot wait signals twice.
func TestShutdownTwice(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		database := harness.NewDatabase(t, kind)
		process := harness.Run(t, "--db", database.DSN)
		release := database.HoldWrites()
		defer release()
		inFlight(t, process, 1)
		process.Terminate()
		process.AwaitOutput("shutting down")
		process.Terminate()
		require.NotZero(t, process.Wait())
	})
}

// Requests that do not finish are given up after the time that was set.
func TestShutdownTimeout(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		database := harness.NewDatabase(t, kind)
		process := harness.Run(t, "--db", database.DSN, "--shutdown-timeout", "50ms")
		release := database.HoldWrites()
		defer release()
		inFlight(t, process, 1)
		process.Terminate()
		require.Equal(t, 1, process.Wait())
		require.Contains(t, process.Output(), "requests were still running after 50ms")
	})
}
