package tests

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl"
	"fincon/tests/harness"
)

// linkPaths are the operations of the flow, with parameters that would do.
func linkPaths(signIn, account string) map[string][]string {
	numbers := []string{"type", "bank_account", "bank_account[routing_number]", "110000000", "bank_account[account_number]", "000123456789"}
	return map[string][]string{
		synchronizePath: nil, consentPath: nil, featuredPath: nil, searchPath: {"query", "bank"}, signInPath: {"institution", "bcinst_Jg18xEfPHevfHP"},
		retrievePath: {"id", signIn}, eventsPath: {"id", signIn}, answersPath: {"id", signIn, "answers[username]", "x", "answers[password]", "y"},
		resultsPath: {"id", signIn}, authorizedPath: {"id", signIn}, cancelPath: {"id", signIn}, offersPath: {"id", signIn},
		selectPath: {"id", signIn, "selected_accounts[]", account}, attachPath: numbers, morePath: nil, completePath: nil,
		receiptPath: nil, linkedPath: nil,
	}
}

// A client_secret that is not the key's cannot be told from one that never was, whatever is asked.
func TestLinkSecretsOfOthers(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	c := beginLink(t, server, dataForm+manualForm)
	c.agree(t)
	s := c.signIn(t, "bcinst_Jg18xEfPHevfHP")
	account := c.offers(t, s.ID).Data[0].ID
	for path, params := range linkPaths(s.ID, account) {
		want := (&linkClient{server: server, key: c.key, secret: "fcsess_client_secret_000000000000000000000000"}).send(t, path, params...)
		require.Equal(t, http.StatusBadRequest, want.Status, path)
		require.Equal(t, "client_secret", want.Error(t).Param)
		for _, other := range []linkClient{
			{key: "pk_test_other", secret: c.secret}, {key: "pk_live_harness", secret: c.secret},
			{key: c.key, secret: c.secret + "x"}, {key: c.key, secret: c.secret[:len(c.secret)-1]}, {key: c.key, secret: strings.ToUpper(c.secret)},
			{key: c.key, secret: c.session}, {key: c.key, secret: "' OR 1=1 --"},
		} {
			other.server = server
			require.Equal(t, want.Body, other.send(t, path, params...).Body, path)
		}
		request := c.request(path, params...)
		request.Header["Stripe-Account"] = "acct_other"
		require.Equal(t, want.Body, server.Send(t, request).Body)
	}
	c.read(t, &s, retrievePath, "id", s.ID)
	require.Equal(t, "account_picker", s.NextPane, "nothing has changed")
}

// Once the flow has ended, its secret is good for reading the result and nothing else.
func TestLinkSecretsThatAreUsed(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	c := beginLink(t, server, dataForm+manualForm)
	c.agree(t)
	s := c.signIn(t, "bcinst_Jg18xEfPHevfHP")
	account := c.offers(t, s.ID).Data[0].ID
	done := c.complete(t)
	for path, params := range linkPaths(s.ID, account) {
		switch path {
		case completePath, receiptPath, linkedPath:
			require.Equal(t, http.StatusOK, c.send(t, path, params...).Status)
		default:
			require.Equal(t, "session_already_used", c.refused(t, path, params...).Code, path)
		}
	}
	require.Equal(t, done, c.complete(t))
}

// Publishable keys are for these operations, and secret ones do not belong into a page.
func TestLinkKeys(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	c := beginLink(t, server, dataForm)
	for path, params := range linkPaths("bcsess_x", "bcacct_x") {
		for _, key := range []string{"sk_test_harness", "rk_test_harness"} {
			request := c.request(path, params...)
			request.Key = key
			require.NotContains(t, []int{401, 403, 500}, server.Send(t, request).Status, "%s: servers and tests may", path)
			request.Header["Origin"] = "https://shop.example"
			answer := server.Send(t, request)
			require.Equal(t, http.StatusForbidden, answer.Status)
			require.Contains(t, answer.Error(t).Message, "web page")
			require.Equal(t, "*", answer.Header.Get("Access-Control-Allow-Origin"), "so that the page can read why")
		}
		request := c.request(path, params...)
		request.Header["Origin"] = "https://shop.example"
		answer := server.Send(t, request)
		require.NotContains(t, []int{401, 403, 500}, answer.Status)
		require.Equal(t, "*", answer.Header.Get("Access-Control-Allow-Origin"))
		require.Empty(t, answer.Header.Get("Access-Control-Allow-Credentials"))

		request.Header["Authorization"] = ""
		answer = server.Send(t, request)
		require.Equal(t, http.StatusUnauthorized, answer.Status)
		require.Equal(t, "*", answer.Header.Get("Access-Control-Allow-Origin"))
	}
	for _, path := range []string{harness.Sessions, harness.Sessions + "/" + c.session, "/v1/financial_connections/accounts", "/v1/events"} {
		answer := server.Send(t, harness.Request{Path: path, Key: c.key, Header: map[string]string{"Origin": "https://shop.example"}})
		require.NotEqual(t, http.StatusOK, answer.Status)
		require.Empty(t, answer.Header.Get("Access-Control-Allow-Origin"), path)
	}
}

// Browsers ask beforehand whether a page may call.
func TestLinkPreflights(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	ask := func(path string) harness.Answer {
		return server.Send(t, harness.Request{Method: http.MethodOptions, Path: path, Header: map[string]string{
			"Authorization": "", "Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
			"Access-Control-Request-Headers": "authorization,content-type",
		}})
	}
	for path := range linkPaths("", "") {
		answer := ask(path)
		require.Equal(t, http.StatusNoContent, answer.Status, path)
		require.Equal(t, "*", answer.Header.Get("Access-Control-Allow-Origin"))
		require.Contains(t, answer.Header.Get("Access-Control-Allow-Headers"), "Authorization")
		require.Contains(t, answer.Header.Get("Access-Control-Allow-Methods"), "POST")
	}
	for _, path := range []string{harness.Sessions, "/v1/events", "/v1/bogus"} {
		answer := ask(path)
		require.GreaterOrEqual(t, answer.Status, 400, path)
		require.Empty(t, answer.Header.Get("Access-Control-Allow-Origin"))
	}
}

// Ids of others' sign-ins and accounts are nobody's.
func TestLinkIDsOfOthers(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	theirs := beginLink(t, server, payForm)
	theirs.agree(t)
	their := theirs.signIn(t, "bcinst_Jg18xEfPHevfHP")
	account := theirs.offers(t, their.ID).Data[0].ID
	linked := *theirs.choose(t, their.ID, account).Data[0].LinkedAccountID

	c := beginLink(t, server, payForm)
	c.agree(t)
	mine := c.signIn(t, "bcinst_Jg18xEfPHevfHP")
	c.offers(t, mine.ID)
	for path, params := range linkPaths(their.ID, account) {
		if len(params) > 0 && params[0] == "id" {
			require.Equal(t, "id", c.refused(t, path, params...).Param, path)
		}
	}
	require.Equal(t, "selected_accounts[0]", c.refused(t, selectPath, selection(mine.ID, account)...).Param)
	require.Equal(t, "selected_accounts[0]", c.refused(t, selectPath, selection(mine.ID, linked)...).Param)
	for _, id := range []string{account, linked} {
		require.Equal(t, "linked_account[id]", c.refused(t, attachPath, "type", "linked_account", "linked_account[id]", id).Param)
	}
	require.Empty(t, c.complete(t).Accounts.Data)
}

// Beginning sign-in after sign-in costs neither the server nor the person.
func TestLinkManySignIns(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	c := beginLink(t, server, dataForm)
	c.agree(t)
	var first, s authSession
	c.read(t, &first, signInPath, "institution", "bcinst_Jg18xEfPHevfHP")
	for range 40 {
		c.read(t, &s, signInPath, "institution", "bcinst_Jg18xEfPHevfHP")
	}
	c.refused(t, retrievePath, "id", first.ID)
	s = c.signIn(t, "bcinst_Jg18xEfPHevfHP")
	c.choose(t, s.ID, c.offers(t, s.ID).Data[0].ID)
	require.Len(t, c.complete(t).Accounts.Data, 1)
}

// Nothing that is secret is logged.
func TestLinkLog(t *testing.T) {
	t.Parallel()
	log := new(logBuffer)
	server := harness.Start(t, harness.Memory, log.option)
	c := beginLink(t, server, payoutForm+manualForm)
	c.agree(t)
	s := c.beginOAuth(t, oauthBank(t, server), "ios")
	back := decideAtBank(t, *s.URL, "allow")
	get(t, back)
	get(t, back)
	c.offers(t, s.ID)
	c.read(t, &s, signInPath, "institution", "bcinst_RpAh7cQLyntawr")
	post(t, *s.URL, map[string][]string{"username": {"jane-the-person"}, "password": {"swordfish-password"}})
	c.send(t, attachPath, "type", "bank_account", "bank_account[routing_number]", "110000000", "bank_account[account_number]", "000123456789")
	c.send(t, signInPath, "institution", "bcinst_Jq8pfHc6UyAuCs")
	c.complete(t)
	written := log.String()
	require.Contains(t, written, "CompleteLink")
	_, state, _ := strings.Cut(back, "state=")
	for _, secret := range []string{c.secret, c.key, "jane-the-person", "swordfish-password", "000123456789", state[:40], "sandbox_oauth"} {
		require.NotContains(t, written, secret)
	}
}

// logBuffer is a log that can be read.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logBuffer) option(config *impl.Config) {
	config.Log = slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
