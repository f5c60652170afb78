package authserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"fincon/impl/bank"
	"fincon/impl/bank/oauth"
	"fincon/impl/bank/sandbox"
	"fincon/impl/clock"
	"fincon/impl/vault"
)

var start = time.Date(2027, time.March, 3, 10, 30, 0, 0, time.UTC)

const callback = "/link/callback"

// world is a server, the bank behind it, and a person with a browser.
type world struct {
	*Server
	web   *httptest.Server
	clock *clock.Clock
	bank  *sandbox.Bank
	log   *bytes.Buffer
	calls atomic.Int64 // of the token endpoint
	fault atomic.Value
}

func newWorld(t *testing.T, change ...func(*Config)) *world {
	w := &world{clock: clock.Stopped(start), log: new(bytes.Buffer)}
	w.fault.Store(Fault(""))
	w.web = httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			w.calls.Add(1)
		}
		w.ServeHTTP(answer, r)
	}))
	t.Cleanup(w.web.Close)
	config := Config{
		Now: w.clock.Now, Vault: vault.Random(), Grants: new(Memory), RedirectPath: callback, Back: w.web.URL,
		Base:  func(r *http.Request) string { return "http://" + r.Host },
		Log:   slog.New(slog.NewTextHandler(w.log, nil)),
		Fault: func() Fault { return w.fault.Load().(Fault) },
	}
	for _, change := range change {
		change(&config)
	}
	var err error
	w.Server, err = New(config)
	require.NoError(t, err)
	w.bank = sandbox.New(w.clock.Now, sandbox.WithOAuth(w.Server))
	return w
}

var browser = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (w *world) get(t *testing.T, address string) (*http.Response, string) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	return send(t, request)
}

func (w *world) post(t *testing.T, address string, form url.Values, header ...string) (*http.Response, string) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return send(t, request)
}

func send(t *testing.T, request *http.Request) (*http.Response, string) {
	response, err := browser.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response, string(body)
}

func (w *world) begin(t *testing.T, institution string) bank.Begun {
	begun, err := w.bank.Begin(t.Context(), bank.BeginRequest{
		Institution: institution, Subject: "person", RedirectURI: w.web.URL + callback, State: "state-1",
	})
	require.NoError(t, err)
	return begun
}

var (
	pageField    = regexp.MustCompile(`name="page" value="([^"]+)"`)
	accountField = regexp.MustCompile(`name="account" value="([^"]+)"( checked)?`)
)

func field(t *testing.T, page string) string {
	found := pageField.FindStringSubmatch(page)
	require.NotNil(t, found, page)
	return html.UnescapeString(found[1])
}

// answer opens the page and sends the form. The first two accounts are chosen where there are some.
func (w *world) answer(t *testing.T, begun bank.Begun, decision string) url.Values {
	response, page := w.get(t, begun.URL)
	require.Equal(t, http.StatusOK, response.StatusCode, response.Header.Get("Location"))
	form := url.Values{"page": {field(t, page)}, "decision": {decision}}
	for i, account := range accountField.FindAllStringSubmatch(page, -1) {
		if i < 2 {
			form.Add("account", account[1])
		}
	}
	response, page = w.post(t, w.action(begun), form, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusSeeOther, response.StatusCode, page)
	return w.sentBack(t, response)
}

func (w *world) action(begun bank.Begun) string {
	address, _, _ := strings.Cut(begun.URL, "?")
	return address
}

func (w *world) sentBack(t *testing.T, response *http.Response) url.Values {
	location, err := response.Location()
	require.NoError(t, err)
	require.Equal(t, w.web.URL+callback, location.Scheme+"://"+location.Host+location.Path)
	return location.Query()
}

func (w *world) signIn(t *testing.T, institution string) bank.Connection {
	begun := w.begin(t, institution)
	grant, err := w.bank.Finish(t.Context(), institution, begun.Private, w.answer(t, begun, "allow"))
	require.NoError(t, err)
	return bank.Connection{Grant: grant}
}

// saving is a connection whose grant is kept as the server keeps it.
func saving(connection bank.Connection) (*bank.Connection, *[]bank.Grant) {
	saved := new([]bank.Grant)
	connection.Renew = bank.Saving(&connection.Grant, func(_ context.Context, grant bank.Grant) error {
		connection.Grant = grant
		*saved = append(*saved, grant)
		return nil
	})
	return &connection, saved
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"over the network":   func(*Config) {},
		"within the process": func(c *Config) { c.Back = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, change)
			for _, institution := range []string{sandbox.TestOAuth, sandbox.BankOAuth} {
				begun := w.begin(t, institution)
				require.NotContains(t, begun.URL, "person", "who signs in is sealed")
				query := w.answer(t, begun, "allow")
				require.Equal(t, "state-1", query.Get("state"))
				require.Equal(t, w.web.URL+"/sandbox-bank/"+institution, query.Get("iss"))
				grant, err := w.bank.Finish(t.Context(), institution, begun.Private, query)
				require.NoError(t, err)
				require.Equal(t, institution, grant.Institution)
				require.Equal(t, "person", grant.Subject)
				require.Equal(t, sandboxScope, grant.Scope)
				require.Equal(t, start, grant.Created)
				require.Equal(t, start.Add(time.Hour), grant.Expiry)
				require.Equal(t, start.Add(refreshLife), grant.RefreshExpiry)
				require.NotEmpty(t, grant.ConsentID)

				page, err := w.bank.Accounts(t.Context(), bank.Connection{Grant: grant}, "")
				require.NoError(t, err)
				all, err := w.bank.Accounts(t.Context(), bank.Connection{Grant: w.bank.Grant(institution, "person")}, "")
				require.NoError(t, err)
				if institution == sandbox.BankOAuth {
					require.Len(t, grant.AccountIDs, 2)
					require.Equal(t, all.Items[:2], page.Items)
				} else {
					require.Nil(t, grant.AccountIDs)
					require.Equal(t, all.Items, page.Items)
				}
			}
			if name == "within the process" {
				require.Zero(t, w.calls.Load())
			} else {
				require.EqualValues(t, 2, w.calls.Load())
			}
			require.Empty(t, w.log.String())
		})
	}
}

func TestDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begun := w.begin(t, sandbox.BankOAuth)
	query := w.answer(t, begun, "cancel")
	require.Equal(t, "access_denied", query.Get("error"))
	require.Equal(t, "state-1", query.Get("state"))
	require.False(t, query.Has("code"))
	_, err := w.bank.Finish(t.Context(), sandbox.BankOAuth, begun.Private, query)
	require.Equal(t, bank.KindDenied, bank.KindOf(err))
	require.Zero(t, w.calls.Load())
}

func TestAnotherIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begun := w.begin(t, sandbox.TestOAuth)
	query := w.answer(t, begun, "allow")
	query.Set("iss", w.web.URL+"/sandbox-bank/"+sandbox.BankOAuth)
	_, err := w.bank.Finish(t.Context(), sandbox.TestOAuth, begun.Private, query)
	require.Equal(t, bank.KindBroken, bank.KindOf(err))
	require.Zero(t, w.calls.Load())
}

func TestInstitutionsWithoutOAuth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for institution, kind := range map[string]bank.Kind{
		sandbox.TestNonOAuth: bank.KindBadRequest, "fcinst_none": bank.KindBadRequest, sandbox.DownError: bank.KindBroken,
	} {
		_, err := w.bank.Begin(t.Context(), bank.BeginRequest{Institution: institution, RedirectURI: w.web.URL + callback})
		require.Equal(t, kind, bank.KindOf(err))
	}
	_, err := w.bank.Finish(t.Context(), sandbox.TestNonOAuth, nil, nil)
	require.Equal(t, bank.KindBadRequest, bank.KindOf(err))
	_, err = w.bank.Begin(t.Context(), bank.BeginRequest{Institution: sandbox.TestOAuth, RedirectURI: w.web.URL + "/other"})
	require.Equal(t, bank.KindBadRequest, bank.KindOf(err))
	_, err = sandbox.New(w.clock.Now).Begin(t.Context(), bank.BeginRequest{Institution: sandbox.TestOAuth})
	require.Equal(t, bank.KindBadRequest, bank.KindOf(err), "no authorization server")
}

// form is what the client would send for a code.
func (w *world) form(t *testing.T, institution string) url.Values {
	begun := w.begin(t, institution)
	var kept struct{ Verifier, Redirect string }
	require.NoError(t, json.Unmarshal(begun.Private, &kept))
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {w.answer(t, begun, "allow").Get("code")}, "code_verifier": {kept.Verifier},
		"redirect_uri": {kept.Redirect}, "client_id": {clientID}, "client_secret": {w.clients[clientID]},
	}
}

type answered struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Error   string `json:"error"`
}

func (w *world) ask(t *testing.T, institution, path string, form url.Values, header ...string) (int, answered) {
	response, body := w.post(t, w.web.URL+"/sandbox-bank/"+institution+path, form, header...)
	require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	var got answered
	if body != "" {
		require.NoError(t, json.Unmarshal([]byte(body), &got), body)
	}
	return response.StatusCode, got
}

func TestCodesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clients["another"] = "another-secret"
	for name, test := range map[string]struct {
		change func(url.Values)
		status int
		code   string
	}{
		"nothing wrong":      {func(url.Values) {}, 200, ""},
		"another code":       {func(f url.Values) { f.Set("code", "x") }, 400, "invalid_grant"},
		"a changed code":     {func(f url.Values) { f.Set("code", f.Get("code")[:60]+"A"+f.Get("code")[61:]+"A") }, 400, "invalid_grant"},
		"no code":            {func(f url.Values) { f.Del("code") }, 400, "invalid_grant"},
		"another client":     {func(f url.Values) { f.Set("client_id", "another"); f.Set("client_secret", "another-secret") }, 400, "invalid_grant"},
		"another redirect":   {func(f url.Values) { f.Set("redirect_uri", f.Get("redirect_uri")+"/") }, 400, "invalid_grant"},
		"no redirect":        {func(f url.Values) { f.Del("redirect_uri") }, 400, "invalid_grant"},
		"another verifier":   {func(f url.Values) { f.Set("code_verifier", oauth2.GenerateVerifier()) }, 400, "invalid_grant"},
		"no verifier":        {func(f url.Values) { f.Del("code_verifier") }, 400, "invalid_request"},
		"another secret":     {func(f url.Values) { f.Set("client_secret", "x") }, 401, "invalid_client"},
		"no secret":          {func(f url.Values) { f.Del("client_secret") }, 401, "invalid_client"},
		"nobody":             {func(f url.Values) { f.Set("client_id", "x") }, 401, "invalid_client"},
		"twice":              {func(f url.Values) { f.Add("code", "x") }, 400, "invalid_request"},
		"no grant type":      {func(f url.Values) { f.Del("grant_type") }, 400, "invalid_request"},
		"another grant type": {func(f url.Values) { f.Set("grant_type", "password") }, 400, "unsupported_grant_type"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := w.form(t, sandbox.TestOAuth)
			test.change(form)
			status, got := w.ask(t, sandbox.TestOAuth, "/token", form)
			require.Equal(t, test.status, status, got.Error)
			require.Equal(t, test.code, got.Error)
			require.Equal(t, test.code == "", got.Access != "")
		})
	}
	t.Run("another bank", func(t *testing.T) {
		t.Parallel()
		_, got := w.ask(t, sandbox.BankOAuth, "/token", w.form(t, sandbox.TestOAuth))
		require.Equal(t, "invalid_grant", got.Error)
	})
	t.Run("a token as a code", func(t *testing.T) {
		t.Parallel()
		form := w.form(t, sandbox.TestOAuth)
		_, got := w.ask(t, sandbox.TestOAuth, "/token", form)
		form.Set("code", strings.Replace(got.Refresh, string(refreshUse), string(codeUse), 1))
		_, got = w.ask(t, sandbox.TestOAuth, "/token", form)
		require.Equal(t, "invalid_grant", got.Error)
	})
	t.Run("the secret in the header", func(t *testing.T) {
		t.Parallel()
		form := w.form(t, sandbox.TestOAuth)
		request := &http.Request{Header: http.Header{}}
		request.SetBasicAuth(form.Get("client_id"), form.Get("client_secret"))
		_, got := w.ask(t, sandbox.TestOAuth, "/token", form, "Authorization", request.Header.Get("Authorization"))
		require.Equal(t, "invalid_request", got.Error, "and in the form")
		form.Del("client_secret")
		status, _ := w.ask(t, sandbox.TestOAuth, "/token", form, "Authorization", request.Header.Get("Authorization"))
		require.Equal(t, http.StatusOK, status)
	})
	t.Run("not a form", func(t *testing.T) {
		t.Parallel()
		status, got := w.ask(t, sandbox.TestOAuth, "/token", nil, "Content-Type", "application/json")
		require.Equal(t, http.StatusBadRequest, status)
		require.Equal(t, "invalid_request", got.Error)
	})
}

func TestACodeExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.form(t, sandbox.TestOAuth), w.form(t, sandbox.TestOAuth)
	w.clock.Advance(codeLife - time.Second)
	status, _ := w.ask(t, sandbox.TestOAuth, "/token", first)
	require.Equal(t, http.StatusOK, status)
	w.clock.Advance(time.Second)
	_, got := w.ask(t, sandbox.TestOAuth, "/token", second)
	require.Equal(t, "invalid_grant", got.Error)

	w.fault.Store(ExpiredCodes)
	begun := w.begin(t, sandbox.TestOAuth)
	_, err := w.bank.Finish(t.Context(), sandbox.TestOAuth, begun.Private, w.answer(t, begun, "allow"))
	require.Equal(t, bank.KindBroken, bank.KindOf(err))
}

func TestACodeThatComesTwiceEndsItsGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begun := w.begin(t, sandbox.TestOAuth)
	query := w.answer(t, begun, "allow")
	grant, err := w.bank.Finish(t.Context(), sandbox.TestOAuth, begun.Private, query)
	require.NoError(t, err)
	_, err = w.bank.Finish(t.Context(), sandbox.TestOAuth, begun.Private, query)
	require.Equal(t, bank.KindBroken, bank.KindOf(err))
	connection, saved := saving(bank.Connection{Grant: grant})
	_, err = w.bank.Accounts(t.Context(), *connection, "")
	require.Equal(t, bank.KindGrantDead, bank.KindOf(err))
	require.Empty(t, *saved)
	for range 2 { // and stays ended
		_, err = w.bank.Finish(t.Context(), sandbox.TestOAuth, begun.Private, query)
		require.Equal(t, bank.KindBroken, bank.KindOf(err))
	}
}

func TestManyWithOneCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := w.form(t, sandbox.TestOAuth)
	var given atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			response, err := http.PostForm(w.web.URL+"/sandbox-bank/"+sandbox.TestOAuth+"/token", form)
			if err != nil {
				t.Error(err)
				return
			}
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				given.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, given.Load())
}

func TestRefreshTokensRotate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, first := w.ask(t, sandbox.TestOAuth, "/token", w.form(t, sandbox.TestOAuth))
	renew := func(token string) answered {
		_, got := w.ask(t, sandbox.TestOAuth, "/token", url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {clientID}, "client_secret": {w.clients[clientID]},
		})
		return got
	}
	second := renew(first.Refresh)
	require.NotEmpty(t, second.Access)
	require.NotEqual(t, first.Refresh, second.Refresh)
	require.Equal(t, "invalid_grant", renew(first.Refresh).Error)
	third := renew(second.Refresh)
	require.NotEmpty(t, third.Access, "the new one lives on")
	require.Equal(t, "invalid_grant", renew(third.Access).Error)
	w.clock.Advance(refreshLife)
	require.Equal(t, "invalid_grant", renew(third.Refresh).Error)
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	connection, other := w.signIn(t, sandbox.TestOAuth), w.signIn(t, sandbox.TestOAuth)
	require.NoError(t, w.bank.Revoke(t.Context(), connection))
	require.NoError(t, w.bank.Revoke(t.Context(), connection))
	refuse := func(context.Context, bank.Grant) error { return errors.New("nothing is to be kept") }
	connection.Renew = bank.Saving(&connection.Grant, refuse)
	_, err := w.bank.Accounts(t.Context(), connection, "")
	require.Equal(t, bank.KindGrantDead, bank.KindOf(err))
	_, err = w.bank.Accounts(t.Context(), other, "")
	require.NoError(t, err, "another sign-in of the same person")

	status, _ := w.ask(t, sandbox.TestOAuth, "/revoke", url.Values{"token": {other.Grant.AccessToken}, "client_id": {clientID}})
	require.Equal(t, http.StatusUnauthorized, status)
	for _, token := range []string{"nonsense", connection.Grant.RefreshToken, other.Grant.AccessToken} {
		status, _ = w.ask(t, sandbox.TestOAuth, "/revoke", url.Values{
			"token": {token}, "client_id": {clientID}, "client_secret": {w.clients[clientID]},
		})
		require.Equal(t, http.StatusOK, status)
	}
	other.Renew = bank.Saving(&other.Grant, refuse)
	_, err = w.bank.Accounts(t.Context(), other, "")
	require.Equal(t, bank.KindGrantDead, bank.KindOf(err))
	require.NoError(t, w.bank.Revoke(t.Context(), bank.Connection{Grant: w.bank.Grant(sandbox.TestNonOAuth, "person")}))
}

func TestAnExpiredAccessTokenIsRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	connection, saved := saving(w.signIn(t, sandbox.BankOAuth))
	before, err := w.bank.Accounts(t.Context(), *connection, "")
	require.NoError(t, err)
	require.Empty(t, *saved)
	for i := range 3 {
		w.clock.Advance(time.Hour)
		old := connection.Grant
		after, err := w.bank.Accounts(t.Context(), *connection, "")
		require.NoError(t, err)
		require.Equal(t, before, after)
		require.Len(t, *saved, i+1)
		require.NotEqual(t, old.RefreshToken, connection.Grant.RefreshToken)
		require.Equal(t, w.clock.Now().Add(time.Hour), connection.Grant.Expiry)
		require.Equal(t, old.Created, connection.Grant.Created)
		require.Equal(t, old.AccountIDs, connection.Grant.AccountIDs)
	}
	require.EqualValues(t, 4, w.calls.Load())

	w.clock.Advance(refreshLife)
	_, err = w.bank.Balance(t.Context(), *connection, before.Items[0].ID)
	require.Equal(t, bank.KindGrantDead, bank.KindOf(err))
}

func TestARenewedGrantIsSavedBeforeItsUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	connection := w.signIn(t, sandbox.TestOAuth)
	w.clock.Advance(time.Hour)
	_, err := w.bank.Accounts(t.Context(), connection, "")
	require.Equal(t, bank.KindBadRequest, bank.KindOf(err), "nobody keeps it")
	full := errors.New("disk full")
	var offered bank.Grant
	connection.Renew = bank.Saving(&connection.Grant, func(_ context.Context, grant bank.Grant) error {
		offered = grant
		return full
	})
	page, err := w.bank.Accounts(t.Context(), connection, "")
	require.ErrorIs(t, err, full)
	require.Empty(t, page.Items)
	require.NotEmpty(t, offered.AccessToken)
	// It is not lost: the next try is given the same.
	again, saved := saving(connection)
	_, err = w.bank.Accounts(t.Context(), *again, "")
	require.NoError(t, err)
	require.Equal(t, []bank.Grant{offered}, *saved)
	require.EqualValues(t, 2, w.calls.Load())
}

func TestManyReadersRenewOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	connection := w.signIn(t, sandbox.TestOAuth)
	w.clock.Advance(time.Hour)
	connection.Renew = bank.Saving(&connection.Grant, func(context.Context, bank.Grant) error { return nil })
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := w.bank.Accounts(t.Context(), connection, ""); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 2, w.calls.Load())
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for fault, kinds := range map[Fault][2]bank.Kind{
		Hang:     {bank.KindUnavailable, bank.KindRetryLater},
		Nonsense: {bank.KindBroken, bank.KindBroken},
		Huge:     {bank.KindBroken, bank.KindBroken},
		Redirect: {bank.KindBroken, bank.KindBroken},
	} {
		for _, back := range []bool{true, false} {
			t.Run(string(fault), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, func(c *Config) {
					if !back {
						c.Back = ""
					}
					if fault == Hang {
						c.Timeout = 100 * time.Millisecond
					}
				})
				connection, saved := saving(w.signIn(t, sandbox.TestOAuth))
				begun := w.begin(t, sandbox.TestOAuth)
				query := w.answer(t, begun, "allow")
				w.fault.Store(fault)
				_, err := w.bank.Finish(t.Context(), sandbox.TestOAuth, begun.Private, query)
				require.Equal(t, kinds[0], bank.KindOf(err), "%v", err)
				quiet(t, w, err.Error(), query.Get("code"))
				w.clock.Advance(time.Hour)
				_, err = w.bank.Accounts(t.Context(), *connection, "")
				require.Equal(t, kinds[1], bank.KindOf(err), "%v", err)
				quiet(t, w, err.Error(), connection.Grant.AccessToken, connection.Grant.RefreshToken)
				require.Empty(t, *saved)
				if err := w.bank.Revoke(t.Context(), *connection); fault != Nonsense { // a status is all that its answer is (RFC 7009 2.2)
					require.Error(t, err)
				}
			})
		}
	}
}

func quiet(t *testing.T, w *world, text string, secrets ...string) {
	t.Helper()
	for _, secret := range append(secrets, w.clients[clientID]) {
		require.NotContains(t, text, secret)
		require.NotContains(t, w.log.String(), secret)
	}
}

// A store that fails, and what the log says of it.
func TestAStoreThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Grants = failing{} })
	form := w.form(t, sandbox.TestOAuth)
	status, got := w.ask(t, sandbox.TestOAuth, "/token", form)
	require.Equal(t, http.StatusInternalServerError, status)
	require.Equal(t, "server_error", got.Error)
	require.Contains(t, w.log.String(), "disk full")
	quiet(t, w, w.log.String(), form.Get("code"), form.Get("code_verifier"))
}

type failing struct{}

func (failing) Generation(context.Context, string) (int64, error) { return 0, errors.New("disk full") }
func (failing) Advance(context.Context, string, int64, int64, time.Time) (bool, error) {
	return false, errors.New("disk full")
}

func TestAnotherProcessReadsTheSameTokens(t *testing.T) {
	t.Parallel()
	shared, key := new(Memory), vault.Random()
	one := newWorld(t, func(c *Config) { c.Grants, c.Vault = shared, key })
	two := newWorld(t, func(c *Config) { c.Grants, c.Vault = shared, key })
	connection, _ := saving(one.signIn(t, sandbox.TestOAuth))
	_, err := two.bank.Accounts(t.Context(), *connection, "")
	require.NoError(t, err)
	two.clock.Advance(time.Hour)
	_, err = two.bank.Accounts(t.Context(), *connection, "")
	require.NoError(t, err)
	_, err = newWorld(t, func(c *Config) { c.Grants = shared }).bank.Accounts(t.Context(), *connection, "")
	require.Equal(t, bank.KindGrantDead, bank.KindOf(err), "another key")
}

func TestAuthorizationRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, test := range map[string]struct {
		change func(url.Values)
		status int    // of an error page
		code   string // with which the person is sent back
	}{
		"client missing":        {func(q url.Values) { q.Del("client_id") }, 400, ""},
		"client unknown":        {func(q url.Values) { q.Set("client_id", "x") }, 400, ""},
		"client twice":          {func(q url.Values) { q.Add("client_id", clientID) }, 400, ""},
		"redirect missing":      {func(q url.Values) { q.Del("redirect_uri") }, 400, ""},
		"redirect unknown":      {func(q url.Values) { q.Set("redirect_uri", "https://evil.example/") }, 400, ""},
		"redirect longer":       {func(q url.Values) { q.Set("redirect_uri", q.Get("redirect_uri")+"?x=1") }, 400, ""},
		"redirect twice":        {func(q url.Values) { q.Add("redirect_uri", "https://evil.example/") }, 400, ""},
		"state twice":           {func(q url.Values) { q.Add("state", "x") }, 0, "invalid_request"},
		"response type missing": {func(q url.Values) { q.Del("response_type") }, 0, "invalid_request"},
		"response type":         {func(q url.Values) { q.Set("response_type", "token") }, 0, "unsupported_response_type"},
		"PKCE missing":          {func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }, 0, "invalid_request"},
		"PKCE plain":            {func(q url.Values) { q.Set("code_challenge_method", "plain") }, 0, "invalid_request"},
		"PKCE without method":   {func(q url.Values) { q.Del("code_challenge_method") }, 0, "invalid_request"},
		"PKCE short":            {func(q url.Values) { q.Set("code_challenge", "AAAA") }, 0, "invalid_request"},
		"scope":                 {func(q url.Values) { q.Set("scope", "accounts payments") }, 0, "invalid_scope"},
		"hint missing":          {func(q url.Values) { q.Del("login_hint") }, 0, "invalid_request"},
		"hint made up":          {func(q url.Values) { q.Set("login_hint", "person") }, 0, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, err := url.Parse(w.begin(t, sandbox.TestOAuth).URL)
			require.NoError(t, err)
			query := address.Query()
			test.change(query)
			address.RawQuery = query.Encode()
			response, page := w.get(t, address.String())
			if test.code == "" {
				require.Equal(t, test.status, response.StatusCode)
				require.Empty(t, response.Header.Get("Location"))
				require.Contains(t, page, "Nothing was shared")
				require.NotContains(t, page, "evil")
				return
			}
			require.Equal(t, http.StatusSeeOther, response.StatusCode)
			back := w.sentBack(t, response)
			require.Equal(t, test.code, back.Get("error"))
			require.Equal(t, "state-1", back.Get("state"))
			require.NotEmpty(t, back.Get("iss"))
			require.NotEmpty(t, back.Get("error_description"))
		})
	}
}

func TestAHintIsOneBanks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address := w.begin(t, sandbox.TestOAuth).URL
	response, _ := w.get(t, strings.Replace(address, sandbox.TestOAuth+"/", sandbox.BankOAuth+"/", 1))
	require.Equal(t, "invalid_request", w.sentBack(t, response).Get("error"))
}

func TestAnswersOnThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begun := w.begin(t, sandbox.BankOAuth)
	_, page := w.get(t, begun.URL)
	chosen := accountField.FindStringSubmatch(page)[1]
	allow := func() url.Values {
		return url.Values{"page": {field(t, page)}, "decision": {"allow"}, "account": {chosen}}
	}
	for name, test := range map[string]struct {
		change func(url.Values)
		header []string
		status int
	}{
		"from another site":    {nil, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"from a sibling":       {nil, []string{"Sec-Fetch-Site", "same-site"}, 403},
		"from another origin":  {nil, []string{"Origin", "https://evil.example"}, 403},
		"from no origin":       {nil, []string{"Origin", "null"}, 403},
		"from the same origin": {nil, []string{"Origin", w.web.URL}, 303},
		"no page":              {func(f url.Values) { f.Del("page") }, nil, 400},
		"a page made up":       {func(f url.Values) { f.Set("page", "x") }, nil, 400},
		"no decision":          {func(f url.Values) { f.Del("decision") }, nil, 400},
		"no account":           {func(f url.Values) { f.Del("account") }, nil, 422},
		"somebody's account":   {func(f url.Values) { f.Set("account", "acct_other") }, nil, 422},
		"too long":             {func(f url.Values) { f.Set("x", strings.Repeat("x", maxForm)) }, nil, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := allow()
			if test.change != nil {
				test.change(form)
			}
			response, page := w.post(t, w.action(begun), form, test.header...)
			require.Equal(t, test.status, response.StatusCode, page)
			if test.status == http.StatusUnprocessableEntity {
				require.Contains(t, page, "Choose at least one account.")
				require.NotEmpty(t, field(t, page))
			}
		})
	}
	t.Run("of another bank", func(t *testing.T) {
		t.Parallel()
		response, _ := w.post(t, strings.Replace(w.action(begun), sandbox.BankOAuth, sandbox.TestOAuth, 1), allow())
		require.Equal(t, http.StatusBadRequest, response.StatusCode)
	})
}

func TestAPageExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begun := w.begin(t, sandbox.TestOAuth)
	_, page := w.get(t, begun.URL)
	w.clock.Advance(pageLife)
	response, _ := w.post(t, w.action(begun), url.Values{"page": {field(t, page)}, "decision": {"allow"}})
	require.Equal(t, http.StatusBadRequest, response.StatusCode)
	response, _ = w.get(t, begun.URL)
	require.Equal(t, http.StatusOK, response.StatusCode, "it can be opened again")
	w.clock.Advance(hintLife)
	response, _ = w.get(t, begun.URL)
	require.Equal(t, "invalid_request", w.sentBack(t, response).Get("error"))
}

func TestFormerAccountsAreChosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	grant := w.signIn(t, sandbox.BankOAuth).Grant
	begun, err := w.bank.Begin(t.Context(), bank.BeginRequest{
		Institution: sandbox.BankOAuth, Subject: "person", RedirectURI: w.web.URL + callback, State: "s", Relink: &grant,
	})
	require.NoError(t, err)
	_, page := w.get(t, begun.URL)
	var checked []string
	for _, found := range accountField.FindAllStringSubmatch(page, -1) {
		if found[2] != "" {
			checked = append(checked, found[1])
		}
	}
	require.Equal(t, grant.AccountIDs, checked)
}

func TestThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.ClientName = `<img src=x onerror="alert(1)">` })
	hostile := w.institutions[sandbox.BankOAuth]
	hostile.Name = `</style><script>alert("1")</script>`
	w.institutions[hostile.ID] = hostile
	response, page := w.get(t, w.begin(t, hostile.ID).URL)

	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "<img")
	require.Contains(t, page, html.EscapeString(`</style><script>`))
	require.Equal(t, "text/html; charset=utf-8", response.Header.Get("Content-Type"))
	require.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
	require.Equal(t, "same-origin", response.Header.Get("Referrer-Policy"))
	require.Equal(t, "DENY", response.Header.Get("X-Frame-Options"))
	require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	require.Empty(t, response.Header.Values("Set-Cookie"))
	policy := response.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
		require.Contains(t, policy, part)
	}
	require.NotContains(t, policy, "unsafe")
	// What the browser hashes is what stands between the tags.
	_, style, _ := strings.Cut(page, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	require.Equal(t, pageCSS, style)
	require.NotContains(t, page, `style="`)

	for _, part := range []string{
		`<html lang="en">`, "width=device-width", `value="allow">Allow<`, `value="cancel">Cancel<`, "Signed in as ", "••••", "Everyday Checking",
	} {
		require.Contains(t, page, part)
	}
	require.NotContains(t, page, "person", "nor is the subject told")

	_, page = w.get(t, w.begin(t, sandbox.TestOAuth).URL)
	require.NotContains(t, page, "checkbox", "there is nothing to pick")

	response, page = w.get(t, w.web.URL+"/sandbox-bank/fcinst_none/authorize")
	require.Equal(t, http.StatusNotFound, response.StatusCode)
	require.Contains(t, page, "no such bank")
	require.NotEmpty(t, response.Header.Get("Content-Security-Policy"))
}

// 320 px are enough: nothing has a width of its own that is more, and nothing keeps a line from breaking.
func TestThePageIsNarrow(t *testing.T) {
	t.Parallel()
	narrow, _, _ := strings.Cut(pageCSS, "@media (min-width: 480px)")
	for _, found := range regexp.MustCompile(`(?:^|[^-])(?:min-)?width: (\d+)px`).FindAllStringSubmatch(narrow, -1) {
		require.LessOrEqual(t, len(found[1]), 2, found[0])
	}
	require.Contains(t, narrow, "overflow-wrap: anywhere")
}

func TestDiscoveryByAnotherClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := oauth.New(oauth.Config{
		Institution: sandbox.TestOAuth, Issuer: w.web.URL + "/sandbox-bank/" + sandbox.TestOAuth, ClientID: clientID,
		ClientSecret: w.clients[clientID], AuthMethod: oauth.AuthPost, Scopes: []string{"accounts"}, Now: w.clock.Now,
		RedirectURL: w.web.URL + callback,
	})
	require.NoError(t, err)
	hint, err := w.seal(hintUse, sealed{Institution: sandbox.TestOAuth, Subject: "person"}, hintLife)
	require.NoError(t, err)
	begun, err := c.Begin(t.Context(), oauth.SignIn{State: "state-1", Params: map[string]string{"login_hint": hint}})
	require.NoError(t, err)
	grant, err := c.Finish(t.Context(), begun.Private, w.answer(t, begun, "allow"))
	require.NoError(t, err)
	require.Equal(t, "accounts", grant.Scope, "as granted")
	grant, err = c.Refresh(t.Context(), grant)
	require.NoError(t, err)
	require.Equal(t, "accounts", grant.Scope)
	require.NoError(t, c.Revoke(t.Context(), grant))
	_, err = w.Read(t.Context(), grant.AccessToken)
	require.Equal(t, bank.KindGrantDead, bank.KindOf(err))
}

func TestConfigurationFaults(t *testing.T) {
	t.Parallel()
	_, err := New(Config{})
	require.ErrorContains(t, err, "needs a time")
	_, err = New(Config{
		Now: time.Now, Vault: vault.Random(), Grants: new(Memory), Base: func(*http.Request) string { return "" }, RedirectPath: "x",
	})
	require.ErrorContains(t, err, "redirect URI")
}
