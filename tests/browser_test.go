package tests

import (
	"crypto/sha256"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/apikey"
	"fincon/impl/clock"
	"fincon/impl/store"
	"fincon/tests/harness"
)

// What people see and do, in Chromium: the files in node/browser, each against a server of its own with its control listener.
func TestBrowser(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("node/browser/*.test.js")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	chromium := findChromium(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".test.js"), func(t *testing.T) {
			server := harness.Start(t, harness.SQLite, harness.Clock(clock.Test(0)))
			runNode(t, "browser/"+filepath.Base(file), "FINCON_URL="+server.URL, "FINCON_CONTROL_URL="+server.Control(t).URL,
				"FINCON_CHROMIUM="+chromium)
		})
	}
}

// The start page of a server that takes registered keys: node/browser/registered.js.
func TestBrowserRegisteredKeys(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.SQLite, harness.RegisteredKeys, harness.Clock(clock.Test(0)))
	const secret, publishable = "sk_test_registered", "pk_test_registered"
	for key, kind := range map[string]apikey.Kind{secret: apikey.Secret, publishable: apikey.Publishable} {
		hash := sha256.Sum256([]byte(key))
		require.NoError(t, server.Store.InsertAPIKey(t.Context(), store.APIKey{Hash: hash[:], Tenant: "acme", Kind: string(kind)}))
	}
	runNode(t, "browser/registered.js", "FINCON_URL="+server.URL, "FINCON_CONTROL_URL="+server.Control(t).URL,
		"FINCON_CHROMIUM="+findChromium(t), "FINCON_SECRET_KEY="+secret, "FINCON_PUBLISHABLE_KEY="+publishable)
}

// chromiums are the names of Chromium and its kin; the same in scripts/need.sh.
var chromiums = []string{"chromium", "chromium-browser", "google-chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"}

func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range chromiums {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	require.Fail(t, "Chromium is missing: `make test` installs it")
	return ""
}
