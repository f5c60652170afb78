package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/impl/bank"
)

var start = time.Date(2027, time.March, 3, 10, 30, 0, 0, time.UTC)

// fakeBank answers as the test says.
type fakeBank struct {
	*httptest.Server
	now      atomic.Pointer[time.Time]
	answer   func(w http.ResponseWriter, form url.Values)
	document func(w http.ResponseWriter, r *http.Request)
	calls    atomic.Int64 // of the token endpoint
	lastAuth atomic.Value
}

func newBank(t *testing.T, answer func(w http.ResponseWriter, form url.Values)) *fakeBank {
	b := &fakeBank{answer: answer}
	b.now.Store(&start)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		b.calls.Add(1)
		user, password, _ := r.BasicAuth()
		b.lastAuth.Store(user + ":" + password)
		_ = r.ParseForm()
		b.answer(w, r.PostForm)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if b.document == nil {
			http.NotFound(w, r)
			return
		}
		b.document(w, r)
	})
	b.Server = httptest.NewServer(mux)
	t.Cleanup(b.Close)
	return b
}

func (b *fakeBank) config() Config {
	return Config{
		Institution: "fcinst_1", Issuer: b.URL, AuthURL: b.URL + "/authorize?tenant=1", TokenURL: b.URL + "/token",
		ClientID: "client", ClientSecret: "the-client-secret", Scopes: []string{"accounts", "offline_access"},
		RedirectURL: "http://127.0.0.1/callback", Now: func() time.Time { return *b.now.Load() },
	}
}

func (b *fakeBank) client(t *testing.T, change ...func(*Config)) *Client {
	config := b.config()
	for _, change := range change {
		change(&config)
	}
	c, err := New(config)
	require.NoError(t, err)
	return c
}

func write(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func says(status int, body string) func(http.ResponseWriter, url.Values) {
	return func(w http.ResponseWriter, _ url.Values) { write(w, status, body) }
}

const tokens = `{"access_token":"SECRET-access","token_type":"bearer","expires_in":900,"refresh_token":"SECRET-refresh",` +
	`"refresh_token_expires_in":"7776000","scope":"accounts","grant_id":"consent-1"}`

// secrets must be in no error.
func clean(t *testing.T, err error) {
	t.Helper()
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", errors.Unwrap(err))} {
		require.NotContains(t, text, "SECRET")
		require.NotContains(t, text, "the-client-secret")
	}
}

func begin(t *testing.T, c *Client) (bank.Begun, url.Values) {
	begun, err := c.Begin(t.Context(), SignIn{State: "state-1", Params: map[string]string{"login_hint": "who"}})
	require.NoError(t, err)
	u, err := url.Parse(begun.URL)
	require.NoError(t, err)
	return begun, u.Query()
}

func finish(t *testing.T, c *Client) (bank.Grant, error) {
	begun, _ := begin(t, c)
	return c.Finish(t.Context(), begun.Private, url.Values{"code": {"SECRET-code"}})
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	var form url.Values
	b := newBank(t, func(w http.ResponseWriter, sent url.Values) {
		form = sent
		write(w, http.StatusOK, tokens)
	})
	c := b.client(t, func(config *Config) {
		config.Params = map[string]string{"prompt": "consent", "resource": "https://api.bank.example"}
	})
	begun, query := begin(t, c)
	require.Equal(t, []string{"1"}, query["tenant"])
	require.Equal(t, "code", query.Get("response_type"))
	require.Equal(t, "client", query.Get("client_id"))
	require.Equal(t, "state-1", query.Get("state"))
	require.Equal(t, "accounts offline_access", query.Get("scope"))
	require.Equal(t, "http://127.0.0.1/callback", query.Get("redirect_uri"))
	require.Equal(t, "S256", query.Get("code_challenge_method"))
	require.Regexp(t, `^[A-Za-z0-9_-]{43}$`, query.Get("code_challenge"))
	require.Equal(t, "consent", query.Get("prompt"))
	require.Equal(t, "who", query.Get("login_hint"))
	require.False(t, query.Has("nonce"), "without openid")

	grant, err := c.Finish(t.Context(), begun.Private, url.Values{"code": {"SECRET-code"}, "iss": {b.URL}})
	require.NoError(t, err)
	require.Equal(t, bank.Grant{
		Institution: "fcinst_1", AccessToken: "SECRET-access", RefreshToken: "SECRET-refresh", Scope: "accounts", ConsentID: "consent-1",
		Expiry: start.Add(15 * time.Minute), RefreshExpiry: start.Add(90 * 24 * time.Hour), Created: start,
	}, grant)
	require.Equal(t, "client:the-client-secret", b.lastAuth.Load())
	require.Equal(t, "https://api.bank.example", form.Get("resource"))
	require.Equal(t, "SECRET-code", form.Get("code"))
	require.Equal(t, "http://127.0.0.1/callback", form.Get("redirect_uri"))
	require.NotEmpty(t, form.Get("code_verifier"))
	require.False(t, form.Has("client_secret"))
}

func TestSecretInTheForm(t *testing.T) {
	t.Parallel()
	b := newBank(t, func(w http.ResponseWriter, form url.Values) {
		if form.Get("client_id") != "client" || form.Get("client_secret") != "the-client-secret" {
			write(w, http.StatusUnauthorized, `{"error":"invalid_client"}`)
			return
		}
		write(w, http.StatusOK, `{"access_token":"a"}`)
	})
	grant, err := finish(t, b.client(t, func(config *Config) { config.AuthMethod = AuthPost }))
	require.NoError(t, err)
	require.Equal(t, "accounts offline_access", grant.Scope, "as asked")
	require.Zero(t, grant.Expiry)
	require.Empty(t, grant.RefreshToken)

	_, err = finish(t, b.client(t))
	require.Equal(t, bank.KindBroken, bank.KindOf(err))
	require.EqualValues(t, 2, b.calls.Load(), "a code is never tried twice")
}

func TestCallbacks(t *testing.T) {
	t.Parallel()
	b := newBank(t, says(http.StatusOK, tokens))
	c := b.client(t)
	for name, test := range map[string]struct {
		callback url.Values
		kind     bank.Kind
	}{
		"denied":                {url.Values{"error": {"access_denied"}, "error_description": {"SECRET"}}, bank.KindDenied},
		"denied, with issuer":   {url.Values{"error": {"access_denied"}, "iss": {b.URL}}, bank.KindDenied},
		"down":                  {url.Values{"error": {"temporarily_unavailable"}}, bank.KindUnavailable},
		"another error":         {url.Values{"error": {"unauthorized_client"}}, bank.KindBroken},
		"an unknown error":      {url.Values{"error": {"SECRET"}}, bank.KindBroken},
		"another issuer":        {url.Values{"code": {"SECRET"}, "iss": {"https://evil.example"}}, bank.KindBroken},
		"another issuer, error": {url.Values{"error": {"access_denied"}, "iss": {"https://evil.example"}}, bank.KindBroken},
		"two codes":             {url.Values{"code": {"SECRET", "SECRET2"}}, bank.KindBroken},
		"nothing":               {url.Values{}, bank.KindBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun, _ := begin(t, c)
			_, err := c.Finish(t.Context(), begun.Private, test.callback)
			require.Equal(t, test.kind, bank.KindOf(err), "%v", err)
			clean(t, err)
		})
	}
	t.Cleanup(func() { require.Zero(t, b.calls.Load()) })

	_, err := c.Finish(t.Context(), []byte("x"), url.Values{"code": {"x"}})
	require.Equal(t, bank.KindBadRequest, bank.KindOf(err))
}

func TestASignInExpires(t *testing.T) {
	t.Parallel()
	b := newBank(t, says(http.StatusOK, tokens))
	c := b.client(t)
	begun, _ := begin(t, c)
	require.Equal(t, start.Add(24*time.Hour), begun.Expires)
	b.now.Store(&begun.Expires)
	_, err := c.Finish(t.Context(), begun.Private, url.Values{"code": {"x"}})
	require.Equal(t, bank.KindBadRequest, bank.KindOf(err))
	require.Zero(t, b.calls.Load())
}

// What a bank may answer, to an exchange and to a renewal.
func TestAnswers(t *testing.T) {
	t.Parallel()
	huge := `{"access_token":"` + strings.Repeat("SECRET", 20_000) + `"}`
	for name, test := range map[string]struct {
		answer            func(http.ResponseWriter, url.Values)
		exchange, refresh bank.Kind
	}{
		"refused":       {says(400, `{"error":"invalid_grant","error_description":"SECRET-refresh"}`), bank.KindBroken, bank.KindGrantDead},
		"refused, 200":  {says(200, `{"error":"invalid_grant"}`), bank.KindBroken, bank.KindGrantDead},
		"our fault":     {says(401, `{"error":"invalid_client"}`), bank.KindBroken, bank.KindBroken},
		"odd error":     {says(400, `{"error":"SECRET"}`), bank.KindBroken, bank.KindBroken},
		"odd status":    {says(418, `SECRET`), bank.KindBroken, bank.KindBroken},
		"not JSON":      {says(200, `<html>SECRET`), bank.KindBroken, bank.KindBroken},
		"another shape": {says(200, `["SECRET"]`), bank.KindBroken, bank.KindBroken},
		"no token":      {says(200, `{"refresh_token":"SECRET"}`), bank.KindBroken, bank.KindBroken},
		"empty":         {says(200, ``), bank.KindBroken, bank.KindBroken},
		"not bearer":    {says(200, `{"access_token":"SECRET","token_type":"mac"}`), bank.KindBroken, bank.KindBroken},
		"huge":          {says(200, huge), bank.KindBroken, bank.KindBroken},
		"huge error":    {says(400, huge), bank.KindBroken, bank.KindBroken},
		"down":          {says(503, `SECRET`), bank.KindUnavailable, bank.KindRetryLater},
		"too many":      {says(429, `SECRET`), bank.KindUnavailable, bank.KindRetryLater},
		"hung up": {func(http.ResponseWriter, url.Values) { panic(http.ErrAbortHandler) },
			bank.KindUnavailable, bank.KindRetryLater},
		"half": {func(w http.ResponseWriter, _ url.Values) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"access_token":"SECRET`)
		}, bank.KindUnavailable, bank.KindRetryLater},
		"elsewhere": {func(w http.ResponseWriter, _ url.Values) {
			w.Header().Set("Location", "/token")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, bank.KindBroken, bank.KindBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBank(t, test.answer)
			_, err := finish(t, b.client(t))
			require.Equal(t, test.exchange, bank.KindOf(err), "%v", err)
			clean(t, err)
			require.EqualValues(t, 1, b.calls.Load())
			_, err = b.client(t).Refresh(t.Context(), bank.Grant{RefreshToken: "SECRET-refresh"})
			require.Equal(t, test.refresh, bank.KindOf(err), "%v", err)
			clean(t, err)
			require.EqualValues(t, 2, b.calls.Load())
		})
	}
}

func TestABankThatHangs(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{"before its answer": "", "within its answer": `{"access_`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			b := newBank(t, func(w http.ResponseWriter, _ url.Values) {
				if before != "" {
					_, _ = io.WriteString(w, before)
					_ = http.NewResponseController(w).Flush()
				}
				<-release
			})
			t.Cleanup(func() { close(release) })
			c := b.client(t, func(config *Config) { config.Timeout = 50 * time.Millisecond })
			_, err := finish(t, c)
			require.Equal(t, bank.KindUnavailable, bank.KindOf(err), "%v", err)
			_, err = c.Refresh(t.Context(), bank.Grant{RefreshToken: "r"})
			require.Equal(t, bank.KindRetryLater, bank.KindOf(err), "%v", err)
		})
	}
}

func TestABankThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := newBank(t, nil)
	b.Close()
	_, err := finish(t, b.client(t))
	require.Equal(t, bank.KindUnavailable, bank.KindOf(err))
	require.ErrorContains(t, err, "refused")
	clean(t, err)
}

func TestTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	b := newBank(t, says(http.StatusOK, tokens))
	c := b.client(t)
	begun, _ := begin(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Finish(ctx, begun.Private, url.Values{"code": {"x"}})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, bank.KindOf(err))
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	b := newBank(t, func(w http.ResponseWriter, _ url.Values) {
		w.Header().Set("Retry-After", "120")
		write(w, http.StatusTooManyRequests, "")
	})
	_, err := b.client(t).Refresh(t.Context(), bank.Grant{RefreshToken: "r"})
	var fault *bank.Error
	require.ErrorAs(t, err, &fault)
	require.Equal(t, 2*time.Minute, fault.RetryAfter)
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	b := newBank(t, func(w http.ResponseWriter, form url.Values) {
		if form.Get("grant_type") != "refresh_token" || form.Get("refresh_token") != "old" {
			write(w, http.StatusBadRequest, `{"error":"invalid_grant"}`)
			return
		}
		write(w, http.StatusOK, tokens)
	})
	c := b.client(t)
	before := bank.Grant{
		Institution: "fcinst_1", Subject: "s", AccessToken: "a", RefreshToken: "old", Scope: "x", AccountIDs: []string{"1"}, Created: start.Add(-1),
		Linked: start, Relinks: 2,
	}
	after, err := c.Refresh(t.Context(), before)
	require.NoError(t, err)
	want := before
	want.AccessToken, want.RefreshToken, want.Scope, want.ConsentID = "SECRET-access", "SECRET-refresh", "accounts", "consent-1"
	want.Expiry, want.RefreshExpiry = start.Add(15*time.Minute), start.Add(90*24*time.Hour)
	require.Equal(t, want, after)

	_, err = c.Refresh(t.Context(), bank.Grant{AccessToken: "a"})
	require.Equal(t, bank.KindGrantDead, bank.KindOf(err), "no refresh token")
}

func TestARefreshTokenThatStays(t *testing.T) {
	t.Parallel()
	b := newBank(t, says(http.StatusOK, `{"access_token":"new","expires_in":60}`))
	c := b.client(t)
	before := bank.Grant{RefreshToken: "old", RefreshExpiry: start.Add(time.Hour), Scope: "x"}
	for range 2 {
		after, err := c.Refresh(t.Context(), before)
		require.NoError(t, err)
		require.Equal(t, bank.Grant{
			AccessToken: "new", RefreshToken: "old", RefreshExpiry: before.RefreshExpiry, Scope: "x", Expiry: start.Add(time.Minute),
		}, after)
	}
	require.EqualValues(t, 2, b.calls.Load(), "nothing is remembered")
}

func TestRefreshesOfOneGrantAreOneCall(t *testing.T) {
	t.Parallel()
	const callers = 8
	asked, release := make(chan struct{}), make(chan struct{})
	var generation atomic.Int64
	b := newBank(t, func(w http.ResponseWriter, form url.Values) {
		n := generation.Add(1)
		if form.Get("refresh_token") != fmt.Sprint("r", n-1) {
			write(w, http.StatusBadRequest, `{"error":"invalid_grant"}`)
			return
		}
		if n == 1 {
			close(asked)
			<-release
		}
		write(w, http.StatusOK, fmt.Sprintf(`{"access_token":"a%d","refresh_token":"r%d","expires_in":60}`, n, n))
	})
	c := b.client(t)
	grant := func(i int) bank.Grant { return bank.Grant{RefreshToken: "r0", Relinks: i} }

	// The first one gives up: the answer it asked for is received all the same.
	ctx, cancel := context.WithCancel(t.Context())
	gaveUp := make(chan error)
	go func() {
		_, err := c.Refresh(ctx, grant(0))
		gaveUp <- err
	}()
	<-asked
	cancel()
	require.ErrorIs(t, <-gaveUp, context.Canceled)

	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			if i == callers/2 {
				close(release)
			}
			after, err := c.Refresh(t.Context(), grant(i))
			if err != nil || after.AccessToken != "a1" || after.RefreshToken != "r1" || after.Relinks != i {
				t.Errorf("%v %v", after, err)
			}
		})
	}
	all.Wait()
	// Somebody who read the grant before it was saved.
	after, err := c.Refresh(t.Context(), grant(0))
	require.NoError(t, err)
	require.Equal(t, "r1", after.RefreshToken)
	require.EqualValues(t, 1, b.calls.Load())

	// What is remembered may be over, too.
	later := start.Add(time.Hour)
	b.now.Store(&later)
	after, err = c.Refresh(t.Context(), grant(0))
	require.NoError(t, err)
	require.Equal(t, "r2", after.RefreshToken)
	require.Equal(t, later.Add(time.Minute), after.Expiry)
}

func TestAFailedRefreshIsTriedAgain(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	down.Store(true)
	b := newBank(t, func(w http.ResponseWriter, _ url.Values) {
		if down.Load() {
			write(w, http.StatusBadGateway, "")
			return
		}
		write(w, http.StatusOK, tokens)
	})
	c := b.client(t)
	_, err := c.Refresh(t.Context(), bank.Grant{RefreshToken: "r"})
	require.Equal(t, bank.KindRetryLater, bank.KindOf(err))
	down.Store(false)
	_, err = c.Refresh(t.Context(), bank.Grant{RefreshToken: "r"})
	require.NoError(t, err)
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	discovering := func(t *testing.T, b *fakeBank) *Client {
		return b.client(t, func(config *Config) { config.AuthURL, config.TokenURL = "", "" })
	}
	for _, at := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			b := newBank(t, says(http.StatusOK, tokens))
			var read atomic.Int64
			b.document = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != at {
					http.NotFound(w, r)
					return
				}
				read.Add(1)
				write(w, http.StatusOK, fmt.Sprintf(`{"issuer":%q,"authorization_endpoint":"%s/a","token_endpoint":"%s/token"}`, b.URL, b.URL, b.URL))
			}
			c := discovering(t, b)
			begun, _ := begin(t, c)
			require.True(t, strings.HasPrefix(begun.URL, b.URL+"/a?"))
			_, err := c.Finish(t.Context(), begun.Private, url.Values{"code": {"x"}, "iss": {b.URL}})
			require.NoError(t, err)
			require.EqualValues(t, 1, read.Load())
			require.NoError(t, c.Revoke(t.Context(), bank.Grant{RefreshToken: "r"}), "there is no endpoint for it")
		})
	}
	for name, test := range map[string]struct {
		status int
		body   string
		kind   bank.Kind
	}{
		"another issuer":     {200, `{"issuer":"https://evil.example","authorization_endpoint":"https://a.example","token_endpoint":"https://a.example"}`, bank.KindBroken},
		"nothing":            {200, `{"issuer":"ISSUER"}`, bank.KindBroken},
		"without encryption": {200, `{"issuer":"ISSUER","authorization_endpoint":"https://a.example","token_endpoint":"http://a.example"}`, bank.KindBroken},
		"not a document":     {200, `<html>`, bank.KindBroken},
		"huge":               {200, strings.Repeat(" ", 1<<20), bank.KindBroken},
		"not there":          {404, ``, bank.KindBroken},
		"down":               {500, ``, bank.KindUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBank(t, nil)
			b.document = func(w http.ResponseWriter, _ *http.Request) {
				write(w, test.status, strings.ReplaceAll(test.body, "ISSUER", b.URL))
			}
			_, err := discovering(t, b).Begin(t.Context(), SignIn{State: "s"})
			require.Equal(t, test.kind, bank.KindOf(err), "%v", err)
		})
	}
}

func TestIDTokens(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change map[string]any
		fails  string
	}{
		"right":            {nil, ""},
		"several clients":  {map[string]any{"aud": []string{"other", "client"}}, ""},
		"another client":   {map[string]any{"aud": "other"}, "another client"},
		"another issuer":   {map[string]any{"iss": "https://evil.example"}, "another issuer"},
		"another sign-in":  {map[string]any{"nonce": "other"}, "another sign-in"},
		"expired":          {map[string]any{"exp": start.Add(-time.Hour).Unix()}, "expired"},
		"of another shape": {map[string]any{"exp": "x"}, "not one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var idToken string
			b := newBank(t, func(w http.ResponseWriter, _ url.Values) {
				write(w, http.StatusOK, fmt.Sprintf(`{"access_token":"a","id_token":%q}`, idToken))
			})
			c := b.client(t, func(config *Config) { config.Scopes = []string{"openid"} })
			begun, query := begin(t, c)
			claims := map[string]any{
				"iss": b.URL, "aud": "client", "sub": "person-1", "nonce": query.Get("nonce"), "exp": start.Add(time.Hour).Unix(),
			}
			for name, value := range test.change {
				claims[name] = value
			}
			text, err := json.Marshal(claims)
			require.NoError(t, err)
			idToken = "e30." + base64.RawURLEncoding.EncodeToString(text) + ".c2ln"
			grant, err := c.Finish(t.Context(), begun.Private, url.Values{"code": {"x"}})
			if test.fails != "" {
				require.ErrorContains(t, err, test.fails)
				require.Equal(t, bank.KindBroken, bank.KindOf(err))
				return
			}
			require.NoError(t, err)
			require.Equal(t, "person-1", grant.Subject)
		})
	}
}

func TestConfigurationFaults(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Config){
		"client_secret_basic": func(c *Config) { c.AuthMethod = "private_key_jwt" },
		"needs a client id":   func(c *Config) { c.ClientID = "" },
		"needs an issuer":     func(c *Config) { c.Issuer, c.TokenURL = "", "" },
		"has to be https":     func(c *Config) { c.TokenURL = "http://bank.example/token" },
		"not the URL":         func(c *Config) { c.Issuer = "bank" },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			config := Config{Issuer: "https://bank.example", ClientID: "client"}
			change(&config)
			_, err := New(config)
			require.ErrorContains(t, err, want)
		})
	}
}

func TestSeconds(t *testing.T) {
	t.Parallel()
	for _, value := range []any{nil, "", "x", -1.0, 1e300, "NaN", "Inf", true, []any{}} {
		require.Zero(t, seconds(value), value)
	}
	for _, value := range []any{60.0, "60", int64(60)} {
		require.EqualValues(t, 60, seconds(value), value)
	}
}
