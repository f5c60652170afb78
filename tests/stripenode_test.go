package tests

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/tests/harness"
)

// The official JavaScript SDK: node/sessions.test.js, against a server whose answers are held against the document.
func TestStripeNode(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.SQLite)
	proxy := harness.NewLossyProxy(t, server.Target)
	runNode(t, "sessions.test.js", "FINCON_URL="+server.URL, "FINCON_LOSSY_URL="+proxy.URL)
	require.Len(t, proxy.Answers(), 1)
	requireReplays(t, proxy)
}

// The backend's story: node/accounts.test.js, with the control listener to link accounts and to move the clock.
func TestStripeNodeAccounts(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.StartStopped(t, kind)
		runNode(t, "accounts.test.js", "FINCON_URL="+server.URL, "FINCON_CONTROL_URL="+server.Control(t).URL)
	})
}

// runNode runs a file of tests, all of which have to pass.
func runNode(t *testing.T, file string, environment ...string) {
	t.Helper()
	node := harness.Tool(t, "node")
	require.DirExists(t, "node/node_modules/stripe", "the SDK is missing: `make test` installs it")
	command := exec.Command(node, "--test", "--test-reporter=tap", file)
	command.Dir = "node"
	command.Env = append(os.Environ(), environment...)
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Regexp(t, `(?m)^# pass [1-9]`, string(output))
	require.Regexp(t, `(?m)^# skipped 0$`, string(output))
}
