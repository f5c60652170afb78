// Package harness runs real fincon servers for tests, in the test's process and as processes of their own, on databases
// that no other test uses.
package harness

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/gen"
	"fincon/impl"
	"fincon/impl/apikey"
	"fincon/impl/clock"
	"fincon/impl/contract/contracttest"
	"fincon/impl/store"
	"fincon/impl/vault"
	"fincon/openapi"
)

// Server is a fincon server in the test's process. Every answer it gives is held against the OpenAPI document: one that
// the document does not describe fails the test.
type Server struct {
	Target
	*impl.Server
	Database *Database
	Stop     func() // ends the server before the test does, so that another one can be started on the database
}

// Option changes how a server is started.
type Option func(*impl.Config)

// Clock gives the server another clock than the system's.
func Clock(time *clock.Clock) Option {
	return func(config *impl.Config) {
		config.Clock = time
		config.Faults = impl.NewFaults()
	}
}

// RegisteredKeys makes the server take the keys that its database knows, and no others.
func RegisteredKeys(config *impl.Config) { config.Keys = apikey.Registered(config.Store) }

// Start runs a server on a new database until the test ends.
func Start(t testing.TB, kind Kind, options ...Option) *Server {
	t.Helper()
	return StartOn(t, NewDatabase(t, kind), options...)
}

// StartOn runs a server on a database that is there.
func StartOn(t testing.TB, database *Database, options ...Option) *Server {
	t.Helper()
	kept := database.Open()

	config := impl.Config{
		Store: kept, Keys: apikey.Open(), Clock: clock.Real(), Vault: vault.Random(),
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), About: impl.About{Version: "test", Database: gen.ServerDatabaseMemory},
	}
	for _, option := range options {
		option(&config)
	}
	server, err := impl.New(config)
	require.NoError(t, err)
	validated, err := contracttest.New(openapi.JSON, server, func(err error) { t.Errorf("against the document: %v", err) })
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { server.Run(ctx); close(stopped) }()
	web := httptest.NewServer(validated)
	end := sync.OnceFunc(func() {
		web.Close()
		stop()
		<-stopped
		requireClosed(t, kept)
	})
	t.Cleanup(end)
	return &Server{Target: Target{URL: web.URL}, Database: database, Server: server, Stop: end}
}

func requireClosed(t testing.TB, kept *store.Store) {
	t.Helper()
	if err := kept.Close(); err != nil {
		t.Errorf("close the store: %v", err)
	}
}

// Main runs the tests and removes what they share.
func Main(m *testing.M) {
	status := m.Run()
	removeBinary()
	os.Exit(status)
}

// Tool finds a program that tests need. A missing one fails the test and says how to get it.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		require.Fail(t, fmt.Sprintf("%s is missing: `make test` installs it", name))
	}
	return path
}
