package tests

import (
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/tests/harness"
)

// tryKey is the key that commands take when none is named.
const tryKey = "sk_test_123"

// steer runs a command against a server with a test clock, which has to end with the status.
func steer(t *testing.T, process *harness.Process, status int, args ...string) harness.Result {
	t.Helper()
	result := harness.Command{
		Args: args, Env: []string{"FINCON_SERVER=" + process.URL, "FINCON_CONTROL_URL=" + process.Control.URL},
	}.Run(t)
	require.Equal(t, status, result.Status, result.Stdout+result.Stderr)
	return result
}

// trySession creates a session of the key that commands take.
func trySession(t *testing.T, process *harness.Process) string {
	t.Helper()
	return process.Send(t, harness.Request{Key: tryKey, Body: minimal}).Session(t).ID
}

// What somebody who tries fincon out types, in its order.
func TestControlCommands(t *testing.T) {
	t.Parallel()
	process := harness.Run(t, "--db", ":memory:", "--test-clock")
	session := trySession(t, process)

	linked := steer(t, process, 0, "link", session, "--account", "Success", "--account", "Credit Card").Stdout
	require.Regexp(t, `(?m)^fca_\w+ +StripeBank +Success +…6789 +active$`, linked)
	require.Equal(t, 2, strings.Count(linked, "\n"))
	require.Contains(t, steer(t, process, 1, "link", session).Stderr, "already been used")
	require.Contains(t, steer(t, process, 1, "link", trySession(t, process), "--institution", "down (scheduled)").Stderr, "maintenance")
	require.Contains(t, steer(t, process, 1, "link", session, "--key", "sk_test_other").Stderr, "No such session")

	require.Regexp(t, `^20\S+Z\n$`, steer(t, process, 0, "settle").Stdout)
	require.Regexp(t, `^20\S+Z\n$`, steer(t, process, 0, "clock").Stdout)
	require.Regexp(t, `^20\S+Z  72h0m0s ahead\n$`, steer(t, process, 0, "clock", "advance", "3d").Stdout)
	require.Regexp(t, `^20\S+Z  74h30m0s ahead\n$`, steer(t, process, 0, "clock", "advance", "2h30m").Stdout)
	require.Contains(t, steer(t, process, 2, "clock", "advance", "soon").Stderr, "such as 30s, 72h or 3d")
	require.Contains(t, steer(t, process, 2, "clock", "advance", "9999d").Stderr, "ten years")

	listed := steer(t, process, 0, "events").Stdout
	require.Regexp(t, `(?m)^20\S+Z  evt_\w+  financial_connections\.account\.created  fca_\w+$`, listed)
	require.Equal(t, 2, strings.Count(listed, "\n"))
	require.Equal(t, 1, strings.Count(steer(t, process, 0, "events", "--limit", "1").Stdout, "\n"))
	require.Equal(t, 2, strings.Count(steer(t, process, 0, "events", "--json").Stdout, `"object":"event"`))
	require.Empty(t, steer(t, process, 0, "events", "--type", "financial_connections.account.disconnected").Stdout)
	event := regexp.MustCompile(`evt_\w+`).FindString(listed)
	require.Contains(t, steer(t, process, 1, "events", "resend", event).Stderr, "No enabled webhook endpoint")

	steer(t, process, 0, "reset")
	require.Empty(t, steer(t, process, 0, "events").Stdout)
	require.Equal(t, http.StatusNotFound, process.Send(t, harness.Request{Key: tryKey, Path: harness.Sessions + "/" + session}).Status)
}

// Events are printed as they happen, and go on after the tenant was reset.
func TestControlFollow(t *testing.T) {
	t.Parallel()
	process := harness.Run(t, "--db", ":memory:", "--test-clock")
	following := harness.Command{Args: []string{"events", "--follow", "--server", process.URL}}.Start(t)
	for range 2 {
		linked := steer(t, process, 0, "link", trySession(t, process), "--account", "Success").Stdout
		account, _, _ := strings.Cut(linked, " ")
		following.AwaitOutput("financial_connections.account.created  " + account)
		steer(t, process, 0, "reset")
	}
	following.Stop()
	require.Equal(t, 2, strings.Count(following.Output(), "\n"), following.Output())
}

// A test's clock goes on from where it was moved to; a server without one has the real time, and says so.
func TestControlClockOutlivesTheServer(t *testing.T) {
	t.Parallel()
	database := harness.NewDatabase(t, harness.SQLite)
	first := harness.Run(t, "--db", database.DSN, "--test-clock")
	steer(t, first, 0, "clock", "advance", "48h")
	first.Kill()
	second := harness.Run(t, "--db", database.DSN, "--test-clock")
	require.Contains(t, steer(t, second, 0, "clock").Stdout, "48h0m0s ahead")
	second.Stop()
	require.NotContains(t, second.Output(), "level=WARN")

	third := harness.Run(t, "--db", database.DSN)
	third.AwaitOutput("was moved ahead by a server with --test-clock")
	require.Empty(t, third.Control.URL)
	third.Stop()
}

func TestControlConfiguration(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"without a test clock":     {[]string{"--control", "127.0.0.1:0"}, 2, "--test-clock"},
		"no address":               {[]string{"--test-clock", "--control", "nonsense"}, 2, `--control "nonsense"`},
		"every address":            {[]string{"--test-clock", "--control", ":12110"}, 2, "other machines"},
		"another machine's":        {[]string{"--test-clock", "--control", "192.0.2.1:12110"}, 2, "other machines"},
		"an address that is taken": {[]string{"--test-clock", "--control", taken.Addr().String()}, 1, "cannot listen for control"},
	} {
		result := fincon(t, c.status, append([]string{"serve", "--db", ":memory:", "--listen", "127.0.0.1:0"}, c.args...)...)
		require.Contains(t, result.Stderr, c.says, name)
		require.NotContains(t, result.Stdout, "listens", name)
	}
	both := fincon(t, 2, "serve", "--listen", "nonsense", "--control", ":1")
	for _, part := range []string{"--listen", "--test-clock", "other machines"} {
		require.Contains(t, both.Stderr, part, "everything is said at once")
	}
}

// Without a server to control, commands say how to start one.
func TestControlIsNotThere(t *testing.T) {
	t.Parallel()
	nobody := "http://127.0.0.1:1"
	for name, args := range map[string][]string{
		"clock":   {"clock"},
		"advance": {"clock", "advance", "1h"},
		"settle":  {"settle"},
		"link":    {"link", "fcsess_1"},
		"reset":   {"reset"},
		"resend":  {"events", "resend", "evt_1"},
	} {
		result := fincon(t, 1, append(args, "--control-url", nobody)...)
		require.Contains(t, result.Stderr, "--test-clock", name)
		require.Contains(t, result.Stderr, nobody, name)
	}
	require.Contains(t, fincon(t, 1, "events", "--server", nobody).Stderr, "fincon serve")
	require.Contains(t, fincon(t, 2, "events", "--server", "nonsense").Stderr, "no URL")
	require.Contains(t, fincon(t, 2, "clock", "--control-url", "nonsense").Stderr, "no URL")
	plain := harness.Run(t, "--db", ":memory:") // a listener, but not the one for control
	require.Contains(t, fincon(t, 1, "clock", "--control-url", plain.URL).Stderr, "not where a server is controlled")
}
