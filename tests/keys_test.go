package tests

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/tests/harness"
)

func basic(user string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user))
}

func TestKeysAccepted(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, authorization string
		livemode            bool
	}{
		{"secret, bearer", "Bearer sk_test_123", false},
		{"secret, basic", basic("sk_test_123:"), false},
		{"secret, basic with a password", basic("sk_test_123:ignored"), false},
		{"secret, basic without a colon", basic("sk_test_123"), false},
		{"scheme in lower case", "bearer sk_test_123", false},
		{"secret, live", "Bearer sk_live_123", true},
		{"restricted", "Bearer rk_test_123", false},
		{"restricted, live", basic("rk_live_123:"), true},
		{"odd characters", basic("sk_test_a...b/c-ü:"), false},
	}
	server := harness.Start(t, harness.Memory)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			answer := server.Send(t, harness.Request{Body: minimal, Header: map[string]string{"Authorization": c.authorization}})
			require.Equal(t, c.livemode, answer.Session(t).Livemode)
		})
	}
}

// The kinds of keys with one text after the prefix are keys of one tenant; its modes are apart.
func TestKeysOfOneTenant(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	created := server.Send(t, harness.Request{Body: minimal, Key: "sk_test_acme"})
	path := harness.Sessions + "/" + created.Session(t).ID
	statuses := map[string]int{
		"sk_test_acme": 200, "rk_test_acme": 200, "pk_test_acme": 403, "sk_live_acme": 404, "sk_test_acm": 404,
	}
	for key, status := range statuses {
		require.Equal(t, status, server.Send(t, harness.Request{Path: path, Key: key}).Status, key)
	}
}

const noKey = "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth " +
	"(e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can " +
	"help at https://support.stripe.com/."

func TestKeysRefused(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, authorization, message string }{
		{"none", "", noKey},
		{"empty bearer", "Bearer ", noKey},
		{"empty basic", basic(":"), noKey},
		{"another scheme", "Digest username=x", noKey},
		{"not a key", "Bearer something_long_that_is_no_key", "Invalid API Key provided: somethin" + strings.Repeat("*", 17) + "_key"},
		{"nothing after the prefix", "Bearer sk_test_", "Invalid API Key provided: ********"},
		{"another mode", "Bearer sk_prod_1234567890", "Invalid API Key provided: sk_prod_******7890"},
		{"another kind", basic("xk_test_1234567890:"), "Invalid API Key provided: xk_test_******7890"},
		{"short", "Bearer abc", "Invalid API Key provided: ***"},
		{"basic that is none", "Basic sk_test_123!", "Invalid API Key provided: ************"},
	}
	server := harness.Start(t, harness.Memory)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			answer := server.Send(t, harness.Request{Body: minimal, Header: map[string]string{"Authorization": c.authorization}})
			require.Equal(t, http.StatusUnauthorized, answer.Status, answer.Body)
			require.Equal(t, harness.Error{Type: "invalid_request_error", Message: c.message}, answer.Error(t))
			require.True(t, strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Basic "), "curl -u asks by it")
			require.NotEmpty(t, answer.Header.Get("Request-Id"))
		})
	}
}

// However long a key is, most of it stays out of the answer.
func TestKeysMasked(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	const text = "no_a_key_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz"
	for length := 1; length <= len(text); length++ {
		key := text[:length]
		answer := server.Send(t, harness.Request{Key: key, Body: minimal})
		message := strings.TrimPrefix(answer.Error(t).Message, "Invalid API Key provided: ")
		require.NotContains(t, message, key)
		shown := strings.ReplaceAll(message, "*", "")
		require.LessOrEqual(t, len(shown), 12, message)
		require.LessOrEqual(t, len(shown), max(0, length-5), message)
	}
}

func TestKeysPublishable(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	for _, key := range []string{"pk_test_123", "pk_live_123"} {
		for _, request := range []harness.Request{{Body: minimal, Key: key}, {Path: harness.Sessions + "/fcsess_x", Key: key}} {
			answer := server.Send(t, request)
			require.Equal(t, http.StatusForbidden, answer.Status, answer.Body)
			require.Equal(t, harness.Error{Type: "invalid_request_error", Code: "secret_key_required",
				DocURL: "https://stripe.com/docs/error-codes/secret-key-required",
				Message: "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list " +
					"of your API keys at https://dashboard.stripe.com/account/apikeys."}, answer.Error(t))
		}
	}
}

func TestKeysOtherMode(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, creates, asks, message string }{
		{"live key", "sk_test_acme", "sk_live_acme", "exists in test mode, but a live mode key was used to make this request."},
		{"test key", "sk_live_acme", "sk_test_acme", "exists in live mode, but a test mode key was used to make this request."},
	}
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				id := server.Send(t, harness.Request{Body: minimal, Key: c.creates}).Session(t).ID
				answer := server.Send(t, harness.Request{Path: harness.Sessions + "/" + id, Key: c.asks})
				require.Equal(t, http.StatusNotFound, answer.Status)
				fault := answer.Error(t)
				require.Equal(t, "No such session: '"+id+"'; a similar object "+c.message, fault.Message)
				require.Equal(t, "resource_missing", fault.Code)
			})
		}
	})
}

// Another tenant's session cannot be told from one that does not exist.
func TestKeysOtherTenant(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		theirs := server.Send(t, harness.Request{Body: minimal, Key: "sk_test_theirs"}).Session(t).ID
		live := server.Send(t, harness.Request{Body: minimal, Key: "sk_live_theirs"}).Session(t).ID
		none := theirs[:len(theirs)-4] + "0000"
		want := server.Send(t, harness.Request{Path: harness.Sessions + "/" + none})
		require.Equal(t, http.StatusNotFound, want.Status)
		for _, id := range []string{theirs, live} {
			got := server.Send(t, harness.Request{Path: harness.Sessions + "/" + id})
			require.Equal(t, want.Status, got.Status)
			require.Equal(t, strings.ReplaceAll(want.Body, none, id), got.Body)
			for _, random := range []string{"Request-Id", "Date"} {
				want.Header.Del(random)
				got.Header.Del(random)
			}
			require.Equal(t, want.Header, got.Header)
		}
	})
}

func TestKeysConnectedAccount(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		as := func(account string, request harness.Request) harness.Answer {
			if account != "" {
				request.Header = map[string]string{"Stripe-Account": account}
			}
			answer := server.Send(t, request)
			require.Equal(t, account, answer.Header.Get("Stripe-Account"))
			return answer
		}
		accounts := []string{"", "acct_1", "acct_2"}
		for _, owner := range accounts {
			id := as(owner, harness.Request{Body: minimal}).Session(t).ID
			for _, reader := range accounts {
				want := http.StatusNotFound
				if reader == owner {
					want = http.StatusOK
				}
				require.Equal(t, want, as(reader, harness.Request{Path: harness.Sessions + "/" + id}).Status, "%q reads %q's", reader, owner)
			}
		}
	})
}

func TestKeysConnectedAccountRefused(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	for _, account := range []string{"cus_1", "acct_", "acct_1/acct_2", "acct_\xff", "acct_" + strings.Repeat("x", 300)} {
		answer := server.Send(t, harness.Request{Body: minimal, Key: "sk_test_0123456789",
			Header: map[string]string{"Stripe-Account": account}})
		require.Equal(t, http.StatusForbidden, answer.Status, answer.Body)
		require.Equal(t, "account_invalid", answer.Error(t).Code)
		require.NotContains(t, answer.Body, "sk_test_0123456789")
	}
}

// A server that takes registered keys takes no others, and stops taking those that are revoked.
func TestKeysRegistered(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		db := harness.NewDatabase(t, kind).DSN
		acme := createKeys(t, db, "acme")
		process := harness.Run(t, "--db", db, "--require-keys")
		other := createKeys(t, db, "other", "--live") // beside the running server

		session := process.Send(t, harness.Request{Body: minimal, Key: acme["sk"]}).Session(t)
		path := harness.Sessions + "/" + session.ID
		wants := map[string]int{acme["sk"]: 200, acme["rk"]: 200, acme["pk"]: 403, other["sk"]: 404, "sk_test_unregistered": 401,
			strings.Replace(acme["sk"], "test", "live", 1): 401}
		for key, status := range wants {
			require.Equal(t, status, process.Send(t, harness.Request{Path: path, Key: key}).Status)
		}
		require.True(t, process.Send(t, harness.Request{Body: minimal, Key: other["sk"]}).Session(t).Livemode)

		fincon(t, 0, "keys", "revoke", "--db", db, acme["sk"])
		var answer harness.Answer
		require.Eventually(t, func() bool {
			answer = process.Send(t, harness.Request{Path: path, Key: acme["sk"]})
			return answer.Status != http.StatusOK
		}, 20*time.Second, 50*time.Millisecond)
		require.Equal(t, http.StatusUnauthorized, answer.Status)
		require.Equal(t, "api_key_expired", answer.Error(t).Code)
		require.True(t, strings.HasPrefix(answer.Error(t).Message, "Expired API Key provided: sk_test_***"))
		require.Equal(t, http.StatusOK, process.Send(t, harness.Request{Path: path, Key: acme["rk"]}).Status)
	})
}

// createKeys registers keys for a tenant and gives them by their first two letters.
func createKeys(t *testing.T, db, tenant string, args ...string) map[string]string {
	t.Helper()
	created := fincon(t, 0, append([]string{"keys", "create", "--db", db, "--tenant", tenant}, args...)...)
	keys := map[string]string{}
	for _, key := range strings.Fields(created.Stdout) {
		keys[key[:2]] = key
	}
	require.Len(t, keys, 3, created.Stdout)
	return keys
}

// fincon runs the command, which has to end with a status.
func fincon(t *testing.T, status int, args ...string) harness.Result {
	t.Helper()
	result := harness.Command{Args: args}.Run(t)
	require.Equal(t, status, result.Status, result.Stdout+result.Stderr)
	return result
}

// The list shows whose keys there are, and no key.
func TestKeysList(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		db := harness.NewDatabase(t, kind).DSN
		keys := createKeys(t, db, "acme")
		fincon(t, 0, "keys", "revoke", "--db", db, keys["pk"])
		list := fincon(t, 0, "keys", "list", "--db", db).Stdout
		for kind, key := range keys {
			require.NotContains(t, list, key)
			line := lineWith(t, list, key[len(key)-4:])
			require.Contains(t, line, "acme")
			require.Contains(t, line, map[string]string{"sk": "secret", "rk": "restricted", "pk": "publishable"}[kind])
			require.Equal(t, kind != "pk", strings.HasSuffix(line, "-"), "whether it is revoked: %s", line)
		}
	})
}

func lineWith(t *testing.T, text, part string) string {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return strings.TrimSpace(line)
		}
	}
	require.Fail(t, "no line with "+part, text)
	return ""
}

func TestKeysCommandRefusals(t *testing.T) {
	t.Parallel()
	db := harness.NewDatabase(t, harness.SQLite).DSN
	cases := []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"no tenant", []string{"create", "--db", db}, 2, "--tenant"},
		{"a tenant that is no name", []string{"create", "--db", db, "--tenant", "a/b"}, 2, "--tenant"},
		{"in memory", []string{"create", "--db", ":memory:", "--tenant", "acme"}, 2, ":memory:"},
		{"a key that is not registered", []string{"revoke", "--db", db, "sk_test_0123456789"}, 1, "sk_test_******6789"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			result := fincon(t, c.status, append([]string{"keys"}, c.args...)...)
			require.Contains(t, result.Stderr, c.says)
			require.NotContains(t, result.Stdout+result.Stderr, "sk_test_0123456789")
		})
	}
}

// Where others than this machine can call, a server without registered keys does not start, and says what to do.
func TestKeysRequiredBeyondLoopback(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		db := harness.NewDatabase(t, kind).DSN
		refused := fincon(t, 2, "serve", "--listen", "0.0.0.0:0", "--db", db)
		require.Contains(t, refused.Stderr, "fincon keys create")
		require.Contains(t, refused.Stderr, "0.0.0.0:0")

		keys := createKeys(t, db, "acme")
		for _, key := range keys {
			fincon(t, 0, "keys", "revoke", "--db", db, key)
		}
		require.Contains(t, fincon(t, 2, "serve", "--listen", "0.0.0.0:0", "--db", db).Stderr, "fincon keys create")

		keys = createKeys(t, db, "acme")
		process := harness.Run(t, "--listen", "0.0.0.0:0", "--db", db)
		process.Send(t, harness.Request{Body: minimal, Key: keys["sk"]}).Session(t)
		require.Equal(t, http.StatusUnauthorized, process.Send(t, harness.Request{Body: minimal, Key: "sk_test_123"}).Status)
	})
}

func TestKeysRequiredNeedAPlace(t *testing.T) {
	t.Parallel()
	result := fincon(t, 2, "serve", "--listen", "0.0.0.0:0", "--db", ":memory:")
	require.Contains(t, result.Stderr, ":memory:")
}
