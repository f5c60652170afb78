package tests

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/openapi"
	"fincon/tests/harness"
)

// Everything that is wrong is said at once, so that it can be put right at once.
func TestCommandLineFaults(t *testing.T) {
	t.Parallel()
	result := fincon(t, 2, "serve", "--listen", "nonsense", "--db", "mysql://user:hunter2@localhost/x", "--log-level", "loud",
		"--log-format", "xml", "--shutdown-timeout=-1s")
	for _, part := range []string{"--listen", "nonsense", "--db", "mysql://", "--log-level", "loud", "--log-format", "xml",
		"--shutdown-timeout"} {
		require.Contains(t, result.Stderr, part)
	}
	require.NotContains(t, result.Stderr, "hunter2")
	require.Empty(t, result.Stdout)
}

func TestCommandLineRefusals(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	cases := []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"no command", nil, 2, "expected one of"},
		{"unknown command", []string{"bogus"}, 2, "bogus"},
		{"unknown flag", []string{"serve", "--bogus"}, 2, "--bogus"},
		{"a port that is none", []string{"serve", "--db", ":memory:", "--listen", "127.0.0.1:99999"}, 2, "127.0.0.1:99999"},
		{"a port that is taken", []string{"serve", "--db", ":memory:", "--listen", taken.Addr().String()}, 1, "cannot listen"},
		{"a folder that is not there", []string{"serve", "--db", filepath.Join(folder, "missing", "fincon.db")}, 2, "missing"},
		{"a folder as database", []string{"serve", "--db", folder}, 2, folder},
		{"an empty database", []string{"serve", "--db", ""}, 2, "--db"},
		{"a file that is no database", []string{"serve", "--db", textFile(t, folder)}, 1, "notes.txt"},
		{"a PostgreSQL that is not there", []string{"serve", "--db", "postgres://user:hunter2@127.0.0.1:1/x"}, 1, "127.0.0.1"},
		{"a public URL that is none", []string{"serve", "--db", ":memory:", "--public-url", "link.example.com"}, 2, "--public-url"},
		{"a name that fits nowhere", []string{"serve", "--db", ":memory:", "--business-name", strings.Repeat("x", 81)}, 2, "--business-name"},
		{"a public URL with a query", []string{"serve", "--db", ":memory:", "--public-url", "https://link.example.com/?x"}, 2, "--public-url"},
		{"a PostgreSQL URL that cannot be read", []string{"serve", "--db", "postgres://user:hunter2@[::/x"}, 2, "--db"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			result := fincon(t, c.status, c.args...)
			require.Contains(t, result.Stdout+result.Stderr, c.says)
			require.NotContains(t, result.Stdout+result.Stderr, "hunter2")
			require.NotContains(t, result.Stderr, "goroutine", "no stack traces")
		})
	}
}

// textFile is a file that is no database, as long as one.
func textFile(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(folder, "notes.txt")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("notes\n", 2000)), 0o600))
	return path
}

// Every flag can be given as an environment variable; flags have the last word.
func TestCommandLineEnvironment(t *testing.T) {
	t.Parallel()
	db := harness.NewDatabase(t, harness.SQLite)
	process := harness.Command{
		Env:  []string{"FINCON_DB=" + db.DSN, "FINCON_LOG_FORMAT=json", "FINCON_REQUIRE_KEYS=false", "FINCON_LISTEN=192.0.2.1:1"},
		Args: []string{"--log-level", "info"},
	}.Serve(t)
	process.Create(t, minimal)
	process.Stop()
	require.Equal(t, 1, db.Sessions())
	require.Contains(t, process.Output(), `"operation":"CreateSession"`)

	refused := harness.Command{Args: []string{"serve"}, Env: []string{"FINCON_LISTEN=nonsense", "FINCON_LOG_LEVEL=loud"}}.Run(t)
	require.Equal(t, 2, refused.Status)
	require.Contains(t, refused.Stderr, "nonsense")
	require.Contains(t, refused.Stderr, "loud")
}

func TestCommandLineVersion(t *testing.T) {
	t.Parallel()
	require.Regexp(t, `^fincon \S+ \(go1\.\S+\)\n$`, fincon(t, 0, "version").Stdout)
}

func TestCommandLineHelp(t *testing.T) {
	t.Parallel()
	require.Contains(t, fincon(t, 0, "--help").Stdout, "FINCON_LISTEN")
	require.Contains(t, fincon(t, 0, "serve", "--help").Stdout, "--require-keys")
}

func TestCommandLineOpenAPI(t *testing.T) {
	t.Parallel()
	require.Equal(t, string(openapi.YAML), fincon(t, 0, "openapi").Stdout)
	require.Equal(t, string(openapi.JSON), fincon(t, 0, "openapi", "--format", "json").Stdout)
}

// What the server prints to try works as it is printed.
func TestCommandLineBanner(t *testing.T) {
	t.Parallel()
	harness.Tool(t, "curl")
	process := harness.Run(t, "--db", ":memory:")
	process.AwaitOutput(`-d "permissions[]"=balances`)
	_, page, found := strings.Cut(process.Output(), "\nOpen ")
	require.True(t, found)
	page, try, found := strings.Cut(page, " to try it, or:\n")
	require.True(t, found)
	output, err := exec.Command("curl", "--silent", "--show-error", page).Output()
	require.NoError(t, err)
	require.Contains(t, string(output), "<title>fincon")
	try, _, _ = strings.Cut(try, "\n\n")
	output, err = exec.Command(harness.Tool(t, "sh"), "-c", strings.Replace(try, "curl ", "curl --silent --show-error ", 1)).Output()
	require.NoError(t, err)
	harness.Answer{Status: 200, Body: string(output)}.Session(t)
}

// Where the data is is printed without the password.
func TestCommandLineBannerWithoutPassword(t *testing.T) {
	t.Parallel()
	database := harness.NewDatabase(t, harness.Postgres)
	process := harness.Run(t, "--db", database.DSN+"&password=hunter2")
	process.Create(t, minimal)
	process.Stop()
	require.Contains(t, process.Output(), "postgres://")
	require.NotContains(t, process.Output(), "hunter2")
}

// Two servers on one file would not see each other's changes: the second one does not start.
func TestCommandLineSecondServer(t *testing.T) {
	t.Parallel()
	db := harness.NewDatabase(t, harness.SQLite).DSN
	first := harness.Run(t, "--db", db)
	require.Contains(t, fincon(t, 1, "serve", "--listen", "127.0.0.1:0", "--db", db).Stderr, "in use")
	first.Create(t, minimal)
	first.Kill()
	harness.Run(t, "--db", db).Create(t, minimal) // a lock does not outlive its server
}

// A database that a newer fincon has changed is left alone.
func TestCommandLineNewerDatabase(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		database := harness.NewDatabase(t, kind)
		harness.Run(t, "--db", database.DSN).Stop()
		database.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
		result := fincon(t, 1, "serve", "--listen", "127.0.0.1:0", "--db", database.DSN)
		require.Contains(t, result.Stderr, "99999 is newer than")
		require.NotContains(t, result.Stdout, "listens")
	})
}
