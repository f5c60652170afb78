package tests

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/impl"
	"fincon/impl/bank"
	"fincon/impl/bank/sandbox"
	"fincon/impl/clock"
	"fincon/tests/harness"
)

// oauthBank is an institution with a page of its own.
func oauthBank(t testing.TB, server *harness.Server) bank.Institution {
	t.Helper()
	institution, _, ok := server.Banks.Institution(sandbox.TestOAuth)
	require.True(t, ok)
	return institution
}

// requireStrict checks what every page has to say about itself.
func requireStrict(t testing.TB, p page) {
	t.Helper()
	for _, rule := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		require.Contains(t, p.policy, rule)
	}
	require.NotContains(t, p.policy, "unsafe")
	require.Equal(t, "nosniff", p.header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", p.header.Get("Cache-Control"))
	require.NotRegexp(t, `(?i)<script>|style=| on[a-z]+=`, p.body)
	require.Empty(t, p.header.Values("Set-Cookie"))
}

// Where a person comes out after signing in at a bank: only at places that were agreed on before (link-protocol 5.7).
func TestLinkReturns(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, stored, wanted, where string }{
		{"the session's", "https://shop.example/back?step=2#top", "", "https://shop.example/back?step=2&status=success&authSessionId=ID#top"},
		{"the session's, named", "https://shop.example/back", "https://shop.example/back", "https://shop.example/back?status=success&authSessionId=ID"},
		{"an app's", "myapp://done", "", "myapp://done?status=success&authSessionId=ID"},
		{"iOS", "https://shop.example/back", "ios", "stripe://auth-redirect?status=success&authSessionId=ID"},
		{"Android", "", "auth-redirect/com.example.shop", "stripe://auth-redirect/com.example.shop?status=success&authSessionId=ID"},
		{"a page", "", "", ""},
		{"a page, though the session has a place", "https://shop.example/back", "page", ""},
	}
	server := harness.Start(t, harness.Memory)
	for _, at := range cases {
		t.Run(at.name, func(t *testing.T) {
			form := dataForm
			if at.stored != "" {
				form += "&return_url=" + url.QueryEscape(at.stored)
			}
			c := beginLink(t, server, form)
			c.agree(t)
			s := c.beginOAuth(t, oauthBank(t, server), at.wanted)
			landed := get(t, decideAtBank(t, *s.URL, "allow"))
			if at.where == "" {
				require.Equal(t, http.StatusOK, landed.status)
				requireStrict(t, landed)
				require.Contains(t, landed.body, `<script src="/link/static/close.js"></script>`)
				require.Contains(t, get(t, server.URL+"/link/static/close.js").body, "window.close()")
				require.Equal(t, http.StatusOK, get(t, server.URL+"/link/static/link.css").status)
				return
			}
			require.Equal(t, http.StatusSeeOther, landed.status)
			require.Equal(t, strings.Replace(at.where, "ID", s.ID, 1), landed.location)
		})
	}
	c := beginLink(t, server, dataForm+"&return_url="+url.QueryEscape("https://shop.example/back"))
	c.agree(t)
	for _, elsewhere := range []string{"https://evil.example", "https://shop.example/back?", "https://shop.example/back/", "//evil.example", "ios ",
		"javascript:alert(1)", "auth-redirect/", "auth-redirect/a/b", "auth-redirect/../..", "auth-redirect/a?b", "auth-redirect/a#b",
		"stripe://auth-redirect", "HTTPS://shop.example/back"} {
		require.Equal(t, "return_url", c.refused(t, signInPath, "institution", "bcinst_LLQZzmKZMjl0j0", "return_url", elsewhere).Param, elsewhere)
	}
}

// A state works once, for its own sign-in, as long as that is awaited.
func TestLinkCallback(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		institution := oauthBank(t, server)
		start := func() (*linkClient, authSession, string) {
			c := beginLink(t, server, dataForm)
			c.agree(t)
			s := c.beginOAuth(t, institution, "ios")
			return c, s, decideAtBank(t, *s.URL, "allow")
		}
		refusedPage := func(address string) {
			t.Helper()
			p := get(t, address)
			require.Equal(t, http.StatusBadRequest, p.status, p.body)
			require.Empty(t, p.location)
			requireStrict(t, p)
			require.NotContains(t, p.body, "close.js", "there is something to read")
		}
		t.Run("used", func(t *testing.T) {
			c, s, back := start()
			require.Equal(t, http.StatusSeeOther, get(t, back).status)
			ids := c.offers(t, s.ID)
			refusedPage(back)
			require.Equal(t, ids, c.offers(t, s.ID), "nothing has changed")
		})
		t.Run("wrong", func(t *testing.T) {
			c, s, back := start()
			parsed, err := url.Parse(back)
			require.NoError(t, err)
			good := parsed.Query().Get("state")
			for _, state := range []string{"", "x", good + "A", good[1:], strings.ToUpper(good)} {
				query := parsed.Query()
				query.Set("state", state)
				refusedPage(server.URL + "/link/oauth/callback?" + query.Encode())
			}
			refusedPage(server.URL + "/link/oauth/callback")
			refusedPage(back + "&state=" + url.QueryEscape(good))
			require.Equal(t, http.StatusAccepted, c.send(t, resultsPath, "id", s.ID).Status)
			require.Equal(t, http.StatusSeeOther, get(t, back).status, "it is still awaited")
		})
		t.Run("another sign-in's code", func(t *testing.T) {
			_, _, mine := start()
			_, _, theirs := start()
			swapped, err := url.Parse(mine)
			require.NoError(t, err)
			other, err := url.Parse(theirs)
			require.NoError(t, err)
			query := swapped.Query()
			query.Set("code", other.Query().Get("code"))
			landed := get(t, server.URL+"/link/oauth/callback?"+query.Encode())
			require.Contains(t, landed.location, "status=failure")
		})
		t.Run("cancelled", func(t *testing.T) {
			c, s, back := start()
			c.read(t, &s, cancelPath, "id", s.ID)
			refusedPage(back)
			var results oauthResults
			c.read(t, &results, resultsPath, "id", s.ID)
			require.Equal(t, "failure", results.Status)
		})
		t.Run("replaced", func(t *testing.T) {
			c, _, back := start()
			c.beginOAuth(t, institution, "ios")
			refusedPage(back)
		})
		t.Run("completed", func(t *testing.T) {
			c, _, back := start()
			c.complete(t)
			refusedPage(back)
		})
	})
}

// A person who refuses at the bank can try again.
func TestLinkDenied(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	c := beginLink(t, server, dataForm)
	c.agree(t)
	s := c.beginOAuth(t, oauthBank(t, server), "ios")
	landed := get(t, decideAtBank(t, *s.URL, "cancel"))
	require.Equal(t, "stripe://auth-redirect?status=cancel&authSessionId="+s.ID, landed.location)
	var results oauthResults
	c.read(t, &results, resultsPath, "id", s.ID)
	require.Equal(t, "failure", results.Status)
	c.read(t, &s, retrievePath, "id", s.ID)
	require.Equal(t, "partner_auth", s.NextPane, "or a client would take it for a success")
	c.read(t, &s, cancelPath, "id", s.ID)
	var m manifest
	c.read(t, &m, consentPath)
	require.Equal(t, "institution_picker", m.NextPane)
	c.signInAnywhere(t, oauthBank(t, server))
}

var labelled = regexp.MustCompile(`<label for="([^"]+)"`)

// The hosted form, for apps that show it in a web view.
func TestLinkSignInPage(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	start := func(t *testing.T, returnURL string) (*linkClient, authSession) {
		c := beginLink(t, server, dataForm)
		c.agree(t)
		var s authSession
		c.read(t, &s, signInPath, "institution", "bcinst_RpAh7cQLyntawr", "return_url", returnURL)
		return c, s
	}
	fill := func(password string) url.Values { return url.Values{"username": {"x<y"}, "password": {password}} }

	t.Run("to the end", func(t *testing.T) {
		c, s := start(t, "ios")
		shown := get(t, *s.URL)
		require.Equal(t, http.StatusOK, shown.status)
		requireStrict(t, shown)
		require.Contains(t, shown.policy, "form-action 'self' stripe:;", "browsers hold the redirect after the form against it")
		require.Contains(t, shown.body, "Test mode")
		for _, label := range labelled.FindAllStringSubmatch(shown.body, -1) {
			require.Contains(t, shown.body, `id="`+label[1]+`"`)
		}
		sent := post(t, *s.URL, fill("options"), "Sec-Fetch-Site", "same-origin")
		require.Equal(t, http.StatusSeeOther, sent.status)
		require.True(t, strings.HasPrefix(sent.location, "/link/sign-in?token="))
		shown = get(t, server.URL+sent.location)
		require.Contains(t, shown.body, `type="radio" name="option" value="business" required`)
		shown = get(t, server.URL+post(t, *s.URL, url.Values{"option": {"incorrect"}}).location)
		require.Contains(t, shown.body, `role="alert"`)
		back := post(t, *s.URL, url.Values{"option": {"business"}}).location
		for range 2 {
			require.Equal(t, "stripe://auth-redirect?status=success&authSessionId="+s.ID, get(t, server.URL+back).location)
		}
		require.NotEmpty(t, c.offers(t, s.ID).Data)
	})
	t.Run("turned away", func(t *testing.T) {
		_, s := start(t, "ios")
		back := post(t, *s.URL, fill("error")).location
		require.Contains(t, get(t, server.URL+back).location, "status=failure")
	})
	t.Run("left", func(t *testing.T) {
		c, s := start(t, "ios")
		back := post(t, *s.URL, url.Values{"leave": {"1"}}).location
		require.Contains(t, get(t, server.URL+back).location, "status=cancel")
		c.read(t, &s, retrievePath, "id", s.ID)
		require.Equal(t, "partner_auth", s.NextPane)
	})
	t.Run("from another site", func(t *testing.T) {
		_, s := start(t, "ios")
		for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
			sent := post(t, *s.URL, fill("x"), header...)
			require.Equal(t, http.StatusForbidden, sent.status)
			requireStrict(t, sent)
		}
		require.Contains(t, get(t, *s.URL).body, `name="password"`)
	})
	t.Run("no ticket", func(t *testing.T) {
		_, s := start(t, "ios")
		oauth := beginLink(t, server, dataForm)
		oauth.agree(t)
		state := regexp.MustCompile(`state=([^&]+)`).FindStringSubmatch(*oauth.beginOAuth(t, oauthBank(t, server), "").URL)
		require.NotNil(t, state)
		for _, token := range []string{"", "x", state[1], html.EscapeString("<script>")} {
			for _, shown := range []page{get(t, server.URL+"/link/sign-in?token="+url.QueryEscape(token)), post(t, server.URL+"/link/sign-in?token="+url.QueryEscape(token), fill("x"))} {
				require.Equal(t, http.StatusBadRequest, shown.status)
				requireStrict(t, shown)
			}
		}
		form := get(t, *s.URL+"x")
		require.Equal(t, http.StatusBadRequest, form.status)
	})
	t.Run("with headers of the API", func(t *testing.T) {
		_, s := start(t, "ios")
		require.Equal(t, http.StatusSeeOther, post(t, *s.URL, fill("x"), "Idempotency-Key", "k", "Stripe-Version", "none").status)
	})
}

// The pages at which the hosted flow begins and ends.
func TestLinkFixedPages(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory, func(config *impl.Config) { config.PublicURL = "https://link.example.com" })
	c := beginLink(t, server, dataForm)
	var s synchronized
	c.read(t, &s, synchronizePath)
	require.Equal(t, "https://link.example.com/link/success", s.Manifest.SuccessURL)
	require.Equal(t, "https://link.example.com/link/cancel", s.Manifest.CancelURL)
	hosted, err := url.Parse(s.Manifest.HostedAuthURL)
	require.NoError(t, err)
	require.Equal(t, "/link/flow", hosted.Path)
	require.Empty(t, hosted.RawQuery, "what is behind the # is sent nowhere")
	fragment, err := url.ParseQuery(hosted.Fragment)
	require.NoError(t, err)
	require.Equal(t, url.Values{"client_secret": {c.secret}, "key": {c.key}}, fragment)
	for _, path := range []string{"/link/success", "/link/cancel", "/link/flow"} {
		shown := get(t, server.URL+path)
		require.Equal(t, http.StatusOK, shown.status)
		requireStrict(t, shown)
		require.Equal(t, "DENY", shown.header.Get("X-Frame-Options"))
	}
	framed := get(t, server.URL+"/link/modal")
	require.Equal(t, get(t, server.URL+"/link/flow").body, framed.body)
	require.Contains(t, framed.policy, "frame-ancestors http: https:")
	require.Empty(t, framed.header.Get("X-Frame-Options"))
	require.Equal(t, "no-referrer", framed.header.Get("Referrer-Policy"))
	for _, rule := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "form-action 'none'", "base-uri 'none'"} {
		require.Contains(t, framed.policy, rule)
	}
	require.NotContains(t, framed.policy, "unsafe")
}

// A session that has expired ends everywhere.
func TestLinkExpires(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		now := clock.Stopped(time.Now().Truncate(time.Second))
		server := harness.Start(t, kind, harness.Clock(now))
		untouched, left, linked := beginLink(t, server, dataForm), beginLink(t, server, dataForm), beginLink(t, server, dataForm)
		completed := beginLink(t, server, dataForm)
		var s authSession
		for _, c := range []*linkClient{left, linked, completed} {
			c.agree(t)
			c.read(t, &s, signInPath, "institution", "bcinst_RpAh7cQLyntawr", "return_url", "ios")
		}
		form := *s.URL
		completed.complete(t)
		s = linked.signIn(t, "bcinst_RpAh7cQLyntawr")
		account := *linked.choose(t, s.ID, linked.offers(t, s.ID).Data[0].ID).Data[0].LinkedAccountID

		require.NoError(t, server.Due().AdvanceTo(t.Context(), server.Clock.Now().Add(24*time.Hour)))
		for _, c := range []*linkClient{untouched, left, linked} {
			for _, path := range []string{synchronizePath, consentPath, featuredPath, completePath, receiptPath, linkedPath} {
				fault := c.refused(t, path)
				require.Equal(t, "session_expired", fault.Code, path)
				require.Equal(t, "client_secret", fault.Param)
			}
		}
		require.Equal(t, http.StatusBadRequest, get(t, form).status)
		var r receipt
		completed.read(t, &r, receiptPath)
		require.Equal(t, "cancelled", r.Status)
		require.Equal(t, "session_already_used", completed.refused(t, synchronizePath).Code)

		// What was linked was linked: the backend is told, though nobody completed the flow.
		var events struct {
			Data []struct {
				Data struct{ Object struct{ ID string } }
			}
		}
		server.Send(t, harness.Request{Path: "/v1/events?type=financial_connections.account.created"}).Read(t, &events)
		require.Len(t, events.Data, 1)
		require.Equal(t, account, events.Data[0].Data.Object.ID)
	})
}
