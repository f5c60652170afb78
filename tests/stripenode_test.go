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
	node := harness.Tool(t, "node")
	require.DirExists(t, "node/node_modules/stripe", "the SDK is missing: `make test` installs it")
	server := harness.Start(t, harness.SQLite)
	proxy := harness.NewLossyProxy(t, server.Target)

	command := exec.Command(node, "--test", "--test-reporter=tap", "sessions.test.js")
	command.Dir = "node"
	command.Env = append(os.Environ(), "FINCON_URL="+server.URL, "FINCON_LOSSY_URL="+proxy.URL)
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Regexp(t, `(?m)^# pass [1-9]`, string(output))
	require.Regexp(t, `(?m)^# skipped 0$`, string(output))

	require.Len(t, proxy.Answers(), 1)
	requireReplays(t, proxy)
}
