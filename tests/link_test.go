package tests

import (
	"bytes"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/impl"
	"fincon/impl/bank"
	"fincon/impl/bank/sandbox"
	"fincon/tests/harness"
)

// What sessions ask for.
const (
	dataForm   = "account_holder[type]=customer&account_holder[customer]=cus_link&permissions[]=balances&permissions[]=transactions"
	payForm    = dataForm + "&permissions[]=payment_method"
	payoutForm = "account_holder[type]=account&account_holder[account]=acct_link&permissions[]=payment_method"
	manualForm = "&manual_entry[mode]=automatic"
)

// up are the institutions at which a person can sign in.
func up(server *harness.Server) []bank.Institution {
	var institutions []bank.Institution
	for _, institution := range server.Banks.Institutions() {
		if !strings.HasPrefix(institution.Name, "Down") {
			institutions = append(institutions, institution)
		}
	}
	return institutions
}

// The whole way of a mobile client, at every test institution (link-protocol 5.8).
func TestLinkHappyPath(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		for _, institution := range up(server) {
			for name, form := range map[string]string{"data": dataForm, "payments": payForm} {
				t.Run(institution.Name+"/"+name, func(t *testing.T) {
					c := beginLink(t, server, form+"&account_holder[customer]=cus_"+institution.ID)
					c.agree(t)
					signIn := c.signInAnywhere(t, institution)
					offered := c.offers(t, signIn)
					require.Equal(t, "account_picker", offered.NextPane)
					require.Equal(t, institution.PicksAccounts, offered.SkipAccountSelection)
					for _, account := range offered.Data {
						require.True(t, account.AllowSelection, account.Name)
						require.Nil(t, account.LinkedAccountID)
						told := account.BalanceAmount != nil
						require.Equal(t, account.Name != "Life Insurance" && account.Name != "Account Closed", told, account.Name)
					}
					chosen := c.choose(t, signIn, offered.Data[0].ID)
					payable := len(offered.Data[0].SupportedPaymentMethodTypes) > 0
					if name == "payments" && payable {
						require.Equal(t, "attach_linked_payment_account", chosen.NextPane)
						var attached paymentAccount
						c.read(t, &attached, attachPath, "type", "linked_account", "linked_account[id]", *chosen.Data[0].LinkedAccountID)
						require.Equal(t, "success", attached.NextPane)
						require.Equal(t, *chosen.Data[0].LinkedAccountID, attached.ID)
					} else {
						require.Equal(t, "success", chosen.NextPane)
					}
					done := c.complete(t)
					require.Equal(t, "succeeded", done.Status)
					require.Len(t, done.Accounts.Data, 1)
					require.Equal(t, *chosen.Data[0].LinkedAccountID, done.Accounts.Data[0].ID)
					require.Equal(t, sandbox.LinkedName, done.Accounts.Data[0].InstitutionName)
					require.Equal(t, done, c.complete(t), "whoever did not hear the answer can ask again")
					c.requireBackendSees(t, done)
				})
			}
		}
	})
}

// requireBackendSees compares what the client was told with what the backend reads.
func (c *linkClient) requireBackendSees(t testing.TB, done receipt) {
	t.Helper()
	var session receipt
	c.server.Send(t, harness.Request{Path: harness.Sessions + "/" + c.session}).Read(t, &session)
	require.Equal(t, done.Accounts, session.Accounts)
	require.Equal(t, done.BankAccountToken, session.BankAccountToken)
	var events struct {
		Data []struct {
			Data struct{ Object struct{ ID string } }
		}
	}
	c.server.Send(t, harness.Request{Path: "/v1/events?type=financial_connections.account.created&limit=100"}).Read(t, &events)
	for _, account := range done.Accounts.Data {
		told := 0
		for _, event := range events.Data {
			if event.Data.Object.ID == account.ID {
				told++
			}
		}
		require.Equal(t, 1, told, "account.created is sent once")
	}
	var again receipt
	c.read(t, &again, receiptPath)
	require.Equal(t, done, again)
	var list struct{ Data []linkedAccount }
	c.send(t, linkedPath).Read(t, &list)
	require.Equal(t, done.Accounts.Data, list.Data)
}

// signInAnywhere signs in, at the bank's own page where it has one.
func (c *linkClient) signInAnywhere(t testing.TB, institution bank.Institution) string {
	t.Helper()
	if !institution.OAuth {
		return c.signIn(t, institution.LinkID).ID
	}
	s := c.beginOAuth(t, institution, "ios")
	require.Equal(t, http.StatusAccepted, c.send(t, resultsPath, "id", s.ID).Status, "the person is away")
	back := decideAtBank(t, *s.URL, "allow")
	landed := get(t, back)
	require.Equal(t, http.StatusSeeOther, landed.status)
	require.Equal(t, "stripe://auth-redirect?status=success&authSessionId="+s.ID, landed.location)
	var results oauthResults
	c.read(t, &results, resultsPath, "id", s.ID)
	require.Equal(t, oauthResults{State: s.ID, Status: "success"}, results)
	c.read(t, &s, authorizedPath, "id", s.ID, "public_token", "")
	require.Equal(t, "account_picker", s.NextPane)
	require.Equal(t, institution.PicksAccounts, s.SkipAccountSelection)
	return s.ID
}

func (c *linkClient) beginOAuth(t testing.TB, institution bank.Institution, returnURL string) authSession {
	t.Helper()
	var s authSession
	params := []string{"institution", institution.LinkID}
	if returnURL != "" {
		params = append(params, "return_url", returnURL)
	}
	c.read(t, &s, signInPath, params...)
	require.Equal(t, "partner_auth", s.NextPane)
	require.True(t, s.IsOAuth)
	require.NotNil(t, s.Display)
	return s
}

// page is what a browser got. It follows no redirects.
type page struct {
	status                 int
	body, location, policy string
	header                 http.Header
}

var browser = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func get(t testing.TB, address string) page {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	return fetchPage(t, request)
}

func post(t testing.TB, address string, form url.Values, header ...string) page {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", harness.FormType)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return fetchPage(t, request)
}

func fetchPage(t testing.TB, request *http.Request) page {
	t.Helper()
	response, err := browser.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return page{response.StatusCode, string(body), response.Header.Get("Location"), response.Header.Get("Content-Security-Policy"), response.Header}
}

var (
	bankPage        = regexp.MustCompile(`name="page" value="([^"]+)"`)
	bankPageAccount = regexp.MustCompile(`name="account" value="([^"]+)"`)
)

// decideAtBank is the person at the sandbox bank's own page; the answer is where they are sent.
func decideAtBank(t testing.TB, address, decision string) string {
	t.Helper()
	shown := get(t, address)
	require.Equal(t, http.StatusOK, shown.status, shown.body)
	field := bankPage.FindStringSubmatch(shown.body)
	require.NotNil(t, field, shown.body)
	form := url.Values{"page": {html.UnescapeString(field[1])}, "decision": {decision}}
	for i, account := range bankPageAccount.FindAllStringSubmatch(shown.body, -1) {
		if i < 2 {
			form.Add("account", account[1])
		}
	}
	action, _, _ := strings.Cut(address, "?")
	sent := post(t, action, form, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusSeeOther, sent.status, sent.body)
	return sent.location
}

// Typing an account number instead of signing in, without any other step (link-protocol 5.8).
func TestLinkManualEntry(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		for name, form := range map[string]string{"customer": dataForm, "payout": payoutForm} {
			t.Run(name, func(t *testing.T) {
				c := beginLink(t, server, form+manualForm)
				var s synchronized
				c.read(t, &s, synchronizePath)
				require.True(t, s.Manifest.AllowManualEntry)
				require.Contains(t, s.Text.ConsentPane["below_cta"], "stripe://manual-entry")
				var list institutionList
				c.read(t, &list, searchPath, "query", "no such bank")
				require.Empty(t, list.Data)
				require.True(t, list.ShowManualEntry)

				numbers := []string{"type", "bank_account", "bank_account[routing_number]", "110000000", "bank_account[account_number]", "000123456789"}
				var typed, again paymentAccount
				c.read(t, &typed, attachPath, numbers...)
				require.Equal(t, "manual_entry_success", typed.NextPane)
				require.True(t, strings.HasPrefix(typed.ID, "ba_"))
				c.read(t, &again, attachPath, numbers...)
				require.Equal(t, typed, again)
				c.read(t, &s, synchronizePath)
				require.Equal(t, "manual_entry_success", s.Manifest.NextPane)

				done := c.complete(t)
				require.Equal(t, "succeeded", done.Status)
				require.Empty(t, done.Accounts.Data)
				require.Equal(t, bankAccount{ID: typed.ID, Last4: "6789", RoutingNumber: "110000000"}, *done.PaymentAccount)
				require.Equal(t, name == "payout", done.BankAccountToken != nil)
				c.requireBackendSees(t, done)
				if kind == harness.SQLite {
					requireNowhere(t, server.Database.DSN, "000123456789")
				}
			})
		}
	})
}

// requireNowhere looks for a text in all files of a database.
func requireNowhere(t testing.TB, path, text string) {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		stored, err := os.ReadFile(file)
		require.NoError(t, err)
		require.False(t, bytes.Contains(stored, []byte(text)), file)
	}
}

func TestLinkManualEntryRefused(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	numbers := func(routing, account string) []string {
		return []string{"type", "bank_account", "bank_account[routing_number]", routing, "bank_account[account_number]", account}
	}
	c := beginLink(t, server, dataForm)
	var s synchronized
	c.read(t, &s, synchronizePath)
	require.False(t, s.Manifest.AllowManualEntry)
	require.Equal(t, "type", c.refused(t, attachPath, numbers("110000000", "000123456789")...).Param)

	c = beginLink(t, server, dataForm+manualForm)
	for _, bad := range [][2]string{{"110000001", "1"}, {"11000000", "1"}, {"000000000", "1"}, {"11000000x", "1"}, {"110000000", "x"},
		{"110000000", strings.Repeat("1", 18)}} {
		require.Contains(t, c.refused(t, attachPath, numbers(bad[0], bad[1])...).Param, "bank_account[", bad)
	}
	require.Equal(t, "bank_account", c.refused(t, attachPath, "type", "bank_account").Param)
	require.Equal(t, "linked_account", c.refused(t, attachPath, "type", "linked_account").Param)
	require.Equal(t, "cancelled", c.complete(t).Status)
}

// A session for payouts has one account, which can be paid to, and results in a token (link-protocol 4.2).
func TestLinkPayout(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		for _, form := range []string{payoutForm, strings.Replace(payoutForm, "payment_method", "balances", 1)} {
			c := beginLink(t, server, form)
			c.agree(t)
			s := c.signIn(t, "bcinst_RpAh7cQLyntawr")
			offered := c.offers(t, s.ID)
			var payable []string
			for _, account := range offered.Data {
				require.Equal(t, len(account.SupportedPaymentMethodTypes) > 0, account.AllowSelection)
				if account.AllowSelection {
					payable = append(payable, account.ID)
				} else {
					require.NotEmpty(t, *account.AllowSelectionMessage)
					require.Equal(t, "selected_accounts[0]", c.refused(t, selectPath, selection(s.ID, account.ID)...).Param)
				}
			}
			require.Equal(t, "selected_accounts", c.refused(t, selectPath, selection(s.ID, payable...)...).Param)
			chosen := c.choose(t, s.ID, payable[1])
			require.Equal(t, "attach_linked_payment_account", chosen.NextPane)
			var attached paymentAccount
			c.read(t, &attached, attachPath, "type", "linked_account", "linked_account[id]", payable[1])
			require.Equal(t, "success", attached.NextPane)
			var m manifest
			c.read(t, &m, morePath)
			require.Equal(t, "success", m.NextPane, "there is no more to link")
			require.True(t, m.SingleAccount)
			done := c.complete(t)
			require.Len(t, done.Accounts.Data, 1)
			token := done.BankAccountToken
			require.True(t, strings.HasPrefix(token.ID, "btok_") && token.Object == "token" && token.Type == "bank_account")
			require.Equal(t, done.Accounts.Data[0].Last4, token.BankAccount.Last4)
			require.Equal(t, "110000000", token.BankAccount.RoutingNumber)
			c.requireBackendSees(t, done)
		}
	})
}

// Leaving early is no error (link-protocol 4.2).
func TestLinkLeave(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	cases := []struct{ name, terminalError, status, reason string }{
		{"without a word", "", "cancelled", "other"},
		{"for a page of the business", "user_initiated_with_custom_manual_entry", "cancelled", "custom_manual_entry"},
		{"with an error", "unexpected_error", "failed", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for steps := range 4 {
				client := beginLink(t, server, dataForm)
				if steps > 0 {
					client.agree(t)
				}
				if steps > 1 {
					s := client.signIn(t, "bcinst_Jg18xEfPHevfHP")
					if steps > 2 {
						client.offers(t, s.ID)
					}
				}
				var params []string
				if c.terminalError != "" {
					params = []string{"terminal_error", c.terminalError}
				}
				done := client.complete(t, params...)
				require.Equal(t, c.status, done.Status)
				require.Empty(t, done.Accounts.Data)
				if c.reason != "" {
					require.Equal(t, map[string]any{"cancelled": map[string]any{"reason": c.reason}}, done.StatusDetails)
				}
				client.requireBackendSees(t, done)
			}
		})
	}
}

func TestLinkInstitutions(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	names := func(c *linkClient, path string, params ...string) []string {
		var list institutionList
		c.read(t, &list, path, params...)
		names := []string{}
		for _, institution := range list.Data {
			names = append(names, institution.Name)
		}
		return names
	}
	c := beginLink(t, server, dataForm)
	featured := names(c, featuredPath)
	require.Len(t, featured, 9)
	require.Equal(t, "Test (Non-OAuth)", featured[0])
	require.Equal(t, featured[:2], names(c, featuredPath, "limit", "2"))
	cases := []struct {
		query string
		first []string
	}{
		{"bank", []string{"Bank (OAuth)", "Bank (Non-OAuth)"}},
		{"  BANK   oauth ", []string{"Bank (OAuth)"}},
		{"non-oauth", []string{"Test (Non-OAuth)", "Bank (Non-OAuth)"}},
		{"oauth", []string{"Test (Non-OAuth)", "Test (OAuth)"}},
		{"acc", []string{"Ownership Accounts", "Invalid Payment Accounts"}},
		{"down", []string{"Down (Scheduled)", "Down (Unscheduled)", "Down (Error)"}},
		{"tokenized", []string{"Tokenized Account Number"}},
		{"link", []string{"Data cannot be shared through Link"}},
		{"hip", []string{"Ownership Accounts"}},
	}
	for _, search := range cases {
		found := names(c, searchPath, "query", search.query)
		require.GreaterOrEqual(t, len(found), len(search.first), search.query)
		require.Equal(t, search.first, found[:len(search.first)], search.query)
	}
	require.Empty(t, names(c, searchPath, "query", "%"+"no such"))
	require.Equal(t, featured, names(c, searchPath, "query", " "))
	require.Len(t, names(c, searchPath, "query", "bank", "limit", "1"), 1)

	abroad := beginLink(t, server, dataForm+"&filters[countries][]=CA")
	require.Empty(t, names(abroad, featuredPath))
	require.Empty(t, names(abroad, searchPath, "query", "bank"))
	home := beginLink(t, server, dataForm+"&filters[country]=US")
	require.Equal(t, featured, names(home, featuredPath))

	session := server.Send(t, harness.Request{Body: dataForm, Key: "sk_live_link"}).Session(t)
	live := &linkClient{server: server, key: "pk_live_link", secret: session.ClientSecret, session: session.ID}
	require.Empty(t, names(live, featuredPath))
	require.Empty(t, names(live, searchPath, "query", "bank"))
	live.agree(t)
	require.Equal(t, "institution", live.refused(t, signInPath, "institution", "bcinst_Jg18xEfPHevfHP").Param)
}

// What an institution that is down says (link-protocol 5.6).
func TestLinkInstitutionsDown(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	c := beginLink(t, server, dataForm)
	c.agree(t)
	for institution, fields := range map[string][]string{
		"bcinst_JoazV8C7lSyXt4": {"institution_unavailable", "expected_to_be_available_at"},
		"bcinst_Job0h4OGUcHbR3": {"institution_unavailable"},
		"bcinst_Jq8pfHc6UyAuCs": nil,
	} {
		answer := c.send(t, signInPath, "institution", institution)
		require.Equal(t, http.StatusBadRequest, answer.Status)
		var body struct{ Error linkError }
		answer.Read(t, &body)
		require.Len(t, body.Error.ExtraFields, len(fields), answer.Body)
		for _, field := range fields {
			require.Contains(t, body.Error.ExtraFields, field)
		}
		if fields != nil {
			require.Equal(t, true, body.Error.ExtraFields["institution_unavailable"])
			require.Equal(t, "institution_unavailable", body.Error.Code)
		}
		if at, ok := body.Error.ExtraFields["expected_to_be_available_at"].(float64); ok {
			require.Greater(t, int64(at), time.Now().Unix())
		}
	}
	c.signIn(t, "bcinst_Jg18xEfPHevfHP") // and others can be chosen
}

// The hosted form as data, with every word that leads somewhere (link-protocol 3.1).
func TestLinkForm(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	c := beginLink(t, server, dataForm)
	c.agree(t)
	answer := func(s authSession, name, text string) authSession {
		var next authSession
		params := []string{"id", s.ID, "answers[" + name + "]", text}
		if name == "password" {
			params = append(params, "answers[username]", "x")
		}
		c.read(t, &next, answersPath, params...)
		return next
	}
	start := func() (s authSession) {
		c.read(t, &s, signInPath, "institution", "bcinst_RpAh7cQLyntawr")
		return s
	}
	for word, want := range map[string]struct{ name, kind, good string }{
		"options":           {"option", "choice", "personal"},
		"mfa":               {"code", "code", "123456"},
		"confirm_mfa":       {"confirmation", "confirmation", "confirmed"},
		"security_question": {"security_answer", "text", "Rex"},
	} {
		s := start()
		wrong := answer(s, "password", "incorrect")
		require.Equal(t, s.Questions[0], wrong.Questions[0])
		require.NotNil(t, wrong.Questions[1].Error)
		next := answer(s, "password", word)
		require.Equal(t, "partner_auth", next.NextPane)
		require.Len(t, next.Questions, 1)
		require.Equal(t, want.name, next.Questions[0].Name)
		require.Equal(t, want.kind, next.Questions[0].Type)
		require.Equal(t, next, answer(s, "password", "anything"), "what is not asked any more is not heard")
		require.NotNil(t, answer(s, want.name, "incorrect").Questions[0].Error)
		require.Equal(t, "account_picker", answer(s, want.name, want.good).NextPane)
		require.Equal(t, "account_picker", answer(s, want.name, "error").NextPane, "it is over")
	}
	s := answer(start(), "password", "error")
	require.Equal(t, "institution_picker", s.NextPane)
	require.Empty(t, s.Questions)
	require.Equal(t, map[string]any{"reason": "sign_in_failed"}, c.refused(t, offersPath, "id", s.ID).ExtraFields)
	var m manifest
	c.read(t, &m, consentPath)
	require.Equal(t, "institution_picker", m.NextPane)
	require.Nil(t, m.ActiveAuthSession)
	c.read(t, &s, cancelPath, "id", s.ID)
	require.Equal(t, "institution_picker", s.NextPane)
}

// Filters leave accounts out, and say so (link-protocol 5.6).
func TestLinkFilters(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	offers := func(form, institution string) (*linkClient, string, harness.Answer) {
		c := beginLink(t, server, form)
		c.agree(t)
		s := c.signIn(t, institution)
		return c, s.ID, c.send(t, offersPath, "id", s.ID)
	}
	reason := func(answer harness.Answer) map[string]any {
		require.Equal(t, http.StatusBadRequest, answer.Status, answer.Body)
		var body struct{ Error linkError }
		answer.Read(t, &body)
		return body.Error.ExtraFields
	}
	const basic, invalid = "bcinst_Jg18xEfPHevfHP", "bcinst_JqZfPE8Ckm8kKU"
	t.Run("subcategories", func(t *testing.T) {
		_, _, answer := offers(dataForm+"&filters[account_subcategories][]=credit_card", basic)
		var list partnerAccounts
		answer.Read(t, &list)
		for _, account := range list.Data {
			require.Equal(t, account.Subcategory == "credit_card", account.AllowSelection)
		}
	})
	t.Run("none can be paid with", func(t *testing.T) {
		for _, form := range []string{payoutForm, dataForm + "&filters[require_payment_method_support]=all",
			dataForm + "&filters[require_payment_method_support]=at_least_one"} {
			_, _, answer := offers(form, invalid)
			require.Equal(t, map[string]any{"reason": "no_supported_payment_method_type_accounts_found", "total_accounts_count": 3.0}, reason(answer))
		}
		_, _, answer := offers(dataForm, invalid)
		require.Equal(t, http.StatusOK, answer.Status, "for data, they will do")
	})
	t.Run("at least one", func(t *testing.T) {
		c, s, answer := offers(dataForm+"&filters[require_payment_method_support]=at_least_one", basic)
		var list partnerAccounts
		answer.Read(t, &list)
		ids := map[string]string{}
		for _, account := range list.Data {
			require.True(t, account.AllowSelection)
			ids[account.Name] = account.ID
		}
		require.Equal(t, "selected_accounts", c.refused(t, selectPath, selection(s, ids["Credit Card"], ids["Brokerage"])...).Param)
		c.choose(t, s, ids["Credit Card"], ids["Success"])
	})
	t.Run("balances", func(t *testing.T) {
		_, _, answer := offers(strings.Replace(dataForm, "permissions[]=balances&", "", 1), basic)
		require.NotContains(t, answer.Body, "balance_amount")
	})
}

// The limit counts everything that was linked, at however many institutions.
func TestLinkMore(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		c := beginLink(t, server, dataForm+"&limits[accounts]=3&prefetch[]=balances")
		c.agree(t)
		first := c.signIn(t, "bcinst_Jg18xEfPHevfHP")
		offered := c.offers(t, first.ID).Data
		ids := []string{offered[0].ID, offered[1].ID}
		require.Contains(t, c.refused(t, selectPath, selection(first.ID, append(ids, offered[2].ID, offered[3].ID)...)...).Message, "At most 3 accounts")
		chosen := c.choose(t, first.ID, ids...)
		require.Equal(t, chosen, c.choose(t, first.ID, ids...), "again")
		require.Equal(t, chosen, c.choose(t, first.ID, append(ids, ids...)[:2]...))
		require.Equal(t, "selected_accounts[1]", c.refused(t, selectPath, selection(first.ID, ids[0], offered[2].ID)...).Param)

		var m manifest
		c.read(t, &m, morePath, "expand[]", "active_auth_session")
		require.Equal(t, "institution_picker", m.NextPane)
		second := c.signIn(t, "bcinst_RpAh7cQLyntawr")
		others := c.offers(t, second.ID).Data
		c.refused(t, selectPath, selection(second.ID, others[0].ID, others[1].ID)...)
		c.choose(t, second.ID, others[0].ID)
		c.read(t, &m, morePath)
		require.Equal(t, "success", m.NextPane)
		require.True(t, m.DisableLinkMoreAccounts)

		done := c.complete(t)
		require.Equal(t, 3, done.Accounts.TotalCount)
		c.requireBackendSees(t, done)
		require.NoError(t, server.Due().Settle(t.Context()))
		answer := server.Send(t, harness.Request{Path: "/v1/financial_connections/accounts/" + done.Accounts.Data[0].ID})
		require.Contains(t, answer.Body, `"balance_refresh": {`)
	})
}

// The same account, linked in another session, keeps its id.
func TestLinkAgain(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	var ids []string
	for range 2 {
		c := beginLink(t, server, dataForm)
		c.agree(t)
		s := c.signIn(t, "bcinst_Jg18xEfPHevfHP")
		c.choose(t, s.ID, c.offers(t, s.ID).Data[0].ID)
		ids = append(ids, c.complete(t).Accounts.Data[0].ID)
	}
	require.Equal(t, ids[0], ids[1])
}

// A reload finds the person where they were, on another process too.
func TestLinkReload(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	c := beginLink(t, server, payForm)
	pane := func() string {
		var s synchronized
		c.read(t, &s, synchronizePath)
		return s.Manifest.NextPane
	}
	require.Equal(t, "consent", pane())
	c.agree(t)
	require.Equal(t, "institution_picker", pane())
	var s authSession
	c.read(t, &s, signInPath, "institution", "bcinst_Jg18xEfPHevfHP")
	require.Equal(t, "partner_auth", pane())
	c.read(t, &s, answersPath, "id", s.ID, "answers[username]", "x", "answers[password]", "y")
	require.Equal(t, "account_picker", pane())
	account := c.offers(t, s.ID).Data[0].ID
	require.Equal(t, account, c.offers(t, s.ID).Data[0].ID, "the same ids again")
	c.choose(t, s.ID, account)
	require.Equal(t, "attach_linked_payment_account", pane())
	var attached paymentAccount
	c.read(t, &attached, attachPath, "type", "linked_account", "linked_account[id]", account)
	require.Equal(t, "success", pane())
	c.complete(t)
	fault := c.refused(t, synchronizePath)
	require.Equal(t, "session_already_used", fault.Code)
}

// Repeating a request with its idempotency key gives its answer again, not another sign-in.
func TestLinkIdempotency(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	c := beginLink(t, server, dataForm)
	c.agree(t)
	var answers []string
	for range 2 {
		request := c.request(signInPath, "institution", "bcinst_Jg18xEfPHevfHP")
		request.Header["Idempotency-Key"] = "once"
		answer := server.Send(t, request)
		require.Equal(t, http.StatusOK, answer.Status)
		answers = append(answers, answer.Body)
	}
	require.Equal(t, answers[0], answers[1])
	for _, path := range []string{synchronizePath, offersPath} {
		request := c.request(path)
		request.Header["Idempotency-Key"] = "once"
		require.Equal(t, http.StatusBadRequest, server.Send(t, request).Status)
	}
}

// Where one account is allowed, it is either linked or typed.
func TestLinkOneAccount(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	numbers := []string{"type", "bank_account", "bank_account[routing_number]", "110000000", "bank_account[account_number]", "000123456789"}
	for _, form := range []string{payoutForm + manualForm, payForm + manualForm + "&limits[accounts]=1"} {
		c := beginLink(t, server, form)
		c.agree(t)
		s := c.signIn(t, "bcinst_Jg18xEfPHevfHP")
		ids := c.offers(t, s.ID).Data
		var typed paymentAccount
		c.read(t, &typed, attachPath, numbers...)
		require.Contains(t, c.refused(t, selectPath, selection(s.ID, ids[0].ID)...).Message, "At most 1 account ")
		require.NotNil(t, c.complete(t).PaymentAccount)

		c = beginLink(t, server, form)
		c.agree(t)
		s = c.signIn(t, "bcinst_Jg18xEfPHevfHP")
		account := c.offers(t, s.ID).Data[0].ID
		c.choose(t, s.ID, account)
		require.Equal(t, "type", c.refused(t, attachPath, numbers...).Param)
		var first, again paymentAccount
		c.read(t, &first, attachPath, "type", "linked_account", "linked_account[id]", account)
		c.read(t, &again, attachPath, "type", "linked_account", "linked_account[id]", account)
		require.Equal(t, first, again)
		done := c.complete(t)
		require.Nil(t, done.PaymentAccount)
		require.Equal(t, done.BankAccountToken, c.complete(t).BankAccountToken)
	}
}

// Without the permission nobody asks for numbers; with it, accounts for payments come first, as clients attach the first.
func TestLinkNumbers(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	for form, permitted := range map[string]bool{dataForm: false, payForm: true} {
		c := beginLink(t, server, form)
		c.agree(t)
		s := c.signIn(t, "bcinst_Jg18xEfPHevfHP")
		ids := map[string]string{}
		for _, account := range c.offers(t, s.ID).Data {
			ids[account.Name] = account.ID
		}
		chosen := c.choose(t, s.ID, ids["Credit Card"], ids["Success"])
		attach := []string{"type", "linked_account", "linked_account[id]", *chosen.Data[0].LinkedAccountID}
		if !permitted {
			require.Equal(t, "success", chosen.NextPane)
			require.Equal(t, "linked_account", c.refused(t, attachPath, attach...).Param)
			continue
		}
		require.Equal(t, "Success", chosen.Data[0].Name)
		var attached paymentAccount
		c.read(t, &attached, attachPath, attach...)
		require.Equal(t, "account_number_retrieval_failed",
			c.refused(t, attachPath, "type", "linked_account", "linked_account[id]", ids["Credit Card"]).ExtraFields["reason"])
	}
}

// "Choose another bank" leaves a sign-in behind.
func TestLinkAnotherBank(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	c := beginLink(t, server, dataForm)
	require.Contains(t, c.refused(t, signInPath, "institution", "bcinst_Jg18xEfPHevfHP").Message, "consent")
	c.agree(t)
	s := c.signIn(t, "bcinst_Jg18xEfPHevfHP")
	account := c.offers(t, s.ID).Data[0].ID
	var m manifest
	c.read(t, &m, morePath)
	require.Equal(t, "institution_picker", m.NextPane)
	require.Equal(t, "sign_in_cancelled", c.refused(t, offersPath, "id", s.ID).ExtraFields["reason"])
	require.Equal(t, "sign_in_cancelled", c.refused(t, selectPath, selection(s.ID, account)...).ExtraFields["reason"])

	// A grant that nobody wants is revoked.
	id := c.signInAnywhere(t, oauthBank(t, server))
	c.offers(t, id)
	c.read(t, &s, cancelPath, "id", id)
	require.NoError(t, server.Due().Settle(t.Context()))
	require.Equal(t, "cancelled", c.complete(t).Status)
}

// A flow for a connected account is found by its secret and the account, as the hosted flow's URL says.
func TestLinkConnectedAccount(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	header := map[string]string{"Stripe-Account": "acct_1"}
	session := server.Send(t, harness.Request{Body: dataForm, Header: header}).Session(t)
	c := &linkClient{server: server, key: "pk_test_harness", secret: session.ClientSecret, session: session.ID}
	c.refused(t, synchronizePath)
	request := c.request(synchronizePath)
	request.Header["Stripe-Account"] = "acct_1"
	var s synchronized
	decodeMobile(t, server.Send(t, request).Body, &s)
	require.Contains(t, s.Manifest.HostedAuthURL, "account=acct_1")
}

// The flow names who asks for the data, where the server knows it.
func TestLinkBusinessName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		name  *string
		title string
	}{
		"":              {nil, "Link your accounts"},
		"Rocket Rides®": {new("Rocket Rides®"), "Link your accounts with Rocket Rides®"},
	} {
		server := harness.Start(t, harness.Memory, func(config *impl.Config) { config.BusinessName = name })
		var s synchronized
		beginLink(t, server, dataForm).read(t, &s, synchronizePath)
		require.Equal(t, want.name, s.Manifest.BusinessName)
		require.Equal(t, want.title, s.Text.ConsentPane["title"])
	}
}

// When the key that seals grants is lost, sign-ins are lost with it, and new ones begin.
func TestLinkKeyIsLost(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.SQLite)
	c := beginLink(t, server, dataForm)
	c.agree(t)
	s := c.signIn(t, "bcinst_Jg18xEfPHevfHP")
	server.Stop()
	c.server = harness.StartOn(t, server.Database)
	require.Equal(t, "account_retrieval_failed", c.refused(t, offersPath, "id", s.ID).ExtraFields["reason"])
	s = c.signIn(t, "bcinst_Jg18xEfPHevfHP")
	c.choose(t, s.ID, c.offers(t, s.ID).Data[0].ID)
	require.Len(t, c.complete(t).Accounts.Data, 1)
}
