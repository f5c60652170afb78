package harness

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/contract/contracttest"
	controlling "fincon/impl/control"
	"fincon/openapi"
)

// Control serves the server's control listener until the test ends, for what is not a test in Go. The server's clock must
// be one that can be moved.
func (s *Server) Control(t testing.TB) Target {
	t.Helper()
	handler, err := controlling.New(s.Server)
	require.NoError(t, err)
	validated, err := contracttest.New(openapi.ControlJSON, handler,
		func(err error) { t.Errorf("against the control document: %v", err) })
	require.NoError(t, err)
	web := httptest.NewServer(validated)
	t.Cleanup(web.Close)
	return Target{URL: web.URL}
}
