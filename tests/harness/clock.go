package harness

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/impl/clock"
)

// Noon is where the clock of servers begins that a test moves. It is fixed, so that every run sees the same accounts and
// transactions, and ahead of the machine's, so that receivers find no signature too old.
var Noon = time.Date(2051, time.March, 15, 12, 0, 0, 0, time.UTC)

// StartStopped runs a server whose clock stands at Noon until the test moves it.
func StartStopped(t testing.TB, kind Kind, options ...Option) *Server {
	t.Helper()
	return Start(t, kind, append([]Option{Clock(clock.Stopped(Noon))}, options...)...)
}

// Settle waits until everything is done that is due, deliveries included.
func (s *Server) Settle(t testing.TB) {
	t.Helper()
	require.NoError(t, s.Due().Settle(t.Context()))
}

// Advance moves the server's clock; what becomes due on the way is done at its time.
func (s *Server) Advance(t testing.TB, by time.Duration) {
	t.Helper()
	require.NoError(t, s.Due().AdvanceTo(t.Context(), s.Clock.Now().Add(by)))
}
