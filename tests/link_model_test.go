package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fincon/impl"
	"fincon/impl/vault"
	"fincon/tests/harness"
)

// linkModel is what must be true of a flow, whatever clients do with it.
type linkModel struct {
	t      *testing.T
	rt     *rapid.T
	client *linkClient

	limit   int
	payout  bool
	signIns []string
	offered map[string][]string // ids of accounts, by sign-in
	linked  map[string]bool     // ids that a selection has answered
	typed   bool
	ended   bool
	pages   []string // of hosted forms
	banks   []string // pages of banks
}

// Whatever clients do, in whatever order and however often, on however many servers, one after the other: no call fails
// through a fault of the server, nothing is linked that was not selected, and never more than the session allows; and the
// flow can be ended.
func TestLinkModel(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		sealed := vault.Random()
		option := func(config *impl.Config) { config.Vault = sealed }
		server := harness.Start(t, kind, option)
		rapid.Check(t, func(rt *rapid.T) {
			form := dataForm
			m := &linkModel{t: t, rt: rt, offered: map[string][]string{}, linked: map[string]bool{}}
			if m.payout = rapid.Bool().Draw(rt, "payout"); m.payout {
				form, m.limit = payoutForm, 1
			} else {
				form += "&account_holder[customer]=cus_" + fmt.Sprint(rapid.IntRange(1, 3).Draw(rt, "customer"))
				if m.limit = rapid.IntRange(0, 3).Draw(rt, "limit"); m.limit > 0 {
					form += fmt.Sprintf("&limits[accounts]=%d", m.limit)
				}
				form += rapid.SampledFrom([]string{"", "&permissions[]=payment_method"}).Draw(rt, "numbers")
				form += rapid.SampledFrom([]string{"", "&filters[require_payment_method_support]=at_least_one",
					"&filters[require_payment_method_support]=all"}).Draw(rt, "support")
			}
			form += rapid.SampledFrom([]string{"", manualForm}).Draw(rt, "manual")
			m.client = beginLink(t, server, form)
			m.client.server = server

			for range rapid.IntRange(1, 30).Draw(rt, "steps") {
				if rapid.IntRange(0, 60).Draw(rt, "restart") == 0 {
					server.Stop()
					server = harness.StartOn(t, server.Database, option)
					m.client.server = server
				}
				m.step()
				m.check()
			}
			m.finish()
		})
	})
}

// words are what people type into forms.
var formWords = []string{"x", "options", "mfa", "confirm_mfa", "security_question", "error", "incorrect", "123456", "personal", "confirmed", ""}

// step makes one call, or two at once.
func (m *linkModel) step() {
	paths := []string{synchronizePath, consentPath, consentPath, featuredPath, searchPath, signInPath, signInPath, retrievePath, eventsPath,
		answersPath, answersPath, answersPath, resultsPath, authorizedPath, cancelPath, offersPath, offersPath, offersPath, selectPath, selectPath, selectPath,
		attachPath, attachPath, morePath, receiptPath, linkedPath, "page", "bank", "bank"}
	if rapid.IntRange(0, 15).Draw(m.rt, "end") == 0 {
		paths = []string{completePath}
	}
	path := rapid.SampledFrom(paths).Draw(m.rt, "call")
	switch path {
	case "page":
		m.form()
		return
	case "bank":
		m.decide()
		return
	}
	params := m.params(path)
	calls := 1
	if rapid.IntRange(0, 4).Draw(m.rt, "twice") == 0 {
		calls = 2
	}
	answers := make([]harness.Answer, calls)
	var group sync.WaitGroup
	for i := range calls {
		group.Go(func() { answers[i] = m.client.server.Send(m.t, m.client.request(path, params...)) })
	}
	group.Wait()
	for _, answer := range answers {
		require.Contains(m.rt, []int{http.StatusOK, http.StatusAccepted, http.StatusBadRequest}, answer.Status, "%s %v: %s", path, params, answer.Body)
		if answer.Status == http.StatusOK {
			m.learn(path, params, answer)
		} else if m.ended && path != completePath && path != receiptPath && path != linkedPath {
			require.Contains(m.rt, answer.Body, "session_already_used", path)
		}
	}
}

// params draws parameters, of this flow or none at all.
func (m *linkModel) params(path string) []string {
	signIn := "bcsess_none"
	if len(m.signIns) > 0 {
		last := max(0, len(m.signIns)-3)
		signIn = m.signIns[rapid.IntRange(last, len(m.signIns)-1).Draw(m.rt, "sign-in")]
	}
	account := func() string {
		if ids := m.offered[signIn]; len(ids) > 0 {
			return rapid.SampledFrom(ids).Draw(m.rt, "account")
		}
		return "bcacct_none"
	}
	switch path {
	case searchPath:
		return []string{"query", rapid.SampledFrom([]string{"", "bank", "down"}).Draw(m.rt, "query")}
	case signInPath:
		return []string{"institution", rapid.SampledFrom([]string{"bcinst_Jg18xEfPHevfHP", "bcinst_RpAh7cQLyntawr", "bcinst_RpAh7cQLyntawr",
			"bcinst_JqZfPE8Ckm8kKU", "bcinst_Job0h4OGUcHbR3", "bcinst_LLQZzmKZMjl0j0", "bcinst_RJnR88CE2nmpVF", "bcinst_none"}).Draw(m.rt, "institution"),
			"return_url", "ios"}
	case retrievePath, eventsPath, resultsPath, authorizedPath, cancelPath, offersPath:
		return []string{"id", signIn}
	case answersPath:
		params := []string{"id", signIn}
		for _, name := range []string{"username", "password", "code", "option", "confirmation", "security_answer"} {
			if rapid.IntRange(0, 3).Draw(m.rt, name) > 0 {
				params = append(params, "answers["+name+"]", rapid.SampledFrom(formWords).Draw(m.rt, "word"))
			}
		}
		if len(params) == 2 { // without answers there is nothing to hold against the flow
			params = append(params, "answers[code]", "")
		}
		return params
	case selectPath:
		var ids []string
		for range rapid.IntRange(1, 3).Draw(m.rt, "accounts") {
			ids = append(ids, account())
		}
		return selection(signIn, ids...)
	case attachPath:
		if rapid.Bool().Draw(m.rt, "typed") {
			return []string{"type", "bank_account", "bank_account[routing_number]", "110000000",
				"bank_account[account_number]", rapid.SampledFrom([]string{"000123456789", "000222222227"}).Draw(m.rt, "number")}
		}
		id := account()
		if len(m.linked) > 0 {
			id = rapid.SampledFrom(slices.Sorted(mapKeys(m.linked))).Draw(m.rt, "linked")
		}
		return []string{"type", "linked_account", "linked_account[id]", id}
	case completePath:
		return []string{"terminal_error", rapid.SampledFrom([]string{"", "x", "user_initiated_with_custom_manual_entry"}).Draw(m.rt, "error")}
	}
	return nil
}

// learn takes note of what an answer says.
func (m *linkModel) learn(path string, params []string, answer harness.Answer) {
	read := func(into any) { require.NoError(m.rt, json.Unmarshal([]byte(answer.Body), into)) }
	switch path {
	case signInPath:
		var s authSession
		read(&s)
		m.signIns = append(m.signIns, s.ID)
		if s.URL != nil && s.IsOAuth {
			m.banks = append(m.banks, *s.URL)
		} else if s.URL != nil {
			m.pages = append(m.pages, *s.URL)
		}
	case offersPath:
		var list partnerAccounts
		read(&list)
		ids := []string{}
		for _, a := range list.Data {
			ids = append(ids, a.ID)
		}
		if before, ok := m.offered[params[1]]; ok {
			require.Equal(m.rt, before, ids, "the same accounts again")
		}
		m.offered[params[1]] = ids
	case selectPath:
		var list partnerAccounts
		read(&list)
		for _, a := range list.Data {
			require.True(m.rt, slices.Contains(params, a.ID))
			require.NotNil(m.rt, a.LinkedAccountID)
			m.linked[*a.LinkedAccountID] = true
		}
	case attachPath:
		m.typed = m.typed || params[1] == "bank_account"
	case completePath:
		m.ended = true
	}
}

// form is a person in a web view.
func (m *linkModel) form() {
	if len(m.pages) == 0 {
		return
	}
	address := m.here(rapid.SampledFrom(m.pages).Draw(m.rt, "page"))
	form := url.Values{}
	for _, name := range []string{"username", "password", "code", "leave"} {
		if rapid.Bool().Draw(m.rt, name) {
			form.Set(name, rapid.SampledFrom(formWords).Draw(m.rt, "word"))
		}
	}
	for _, p := range []page{get(m.t, address), post(m.t, address, form), get(m.t, address)} {
		require.Contains(m.rt, []int{http.StatusOK, http.StatusSeeOther, http.StatusBadRequest}, p.status, p.body)
	}
}

// decide is a person at a bank's own page.
func (m *linkModel) decide() {
	if len(m.banks) == 0 {
		return
	}
	at := rapid.IntRange(0, len(m.banks)-1).Draw(m.rt, "bank")
	if shown := get(m.t, m.here(m.banks[at])); shown.status != http.StatusOK {
		return
	}
	back := m.here(decideAtBank(m.t, m.here(m.banks[at]), rapid.SampledFrom([]string{"allow", "allow", "cancel"}).Draw(m.rt, "decision")))
	for range rapid.IntRange(1, 2).Draw(m.rt, "visits") {
		p := get(m.t, back)
		require.Contains(m.rt, []int{http.StatusSeeOther, http.StatusBadRequest}, p.status, p.body)
		if p.location != "" {
			require.True(m.rt, strings.HasPrefix(p.location, "stripe://auth-redirect?status="), p.location)
		}
	}
}

// here is an address on the server that runs now.
func (m *linkModel) here(address string) string {
	parsed, err := url.Parse(address)
	require.NoError(m.rt, err)
	now, err := url.Parse(m.client.server.URL)
	require.NoError(m.rt, err)
	parsed.Host = now.Host
	return parsed.String()
}

// check holds the flow against the model.
func (m *linkModel) check() {
	answer := m.client.server.Send(m.t, m.client.request(receiptPath))
	require.Equal(m.rt, http.StatusOK, answer.Status, answer.Body)
	var r receipt
	require.NoError(m.rt, json.Unmarshal([]byte(answer.Body), &r))
	require.Equal(m.rt, m.ended, r.Status != "pending")
	require.Len(m.rt, r.Accounts.Data, len(m.linked))
	for _, a := range r.Accounts.Data {
		require.True(m.rt, m.linked[a.ID], "%s was not selected", a.ID)
	}
	require.Equal(m.rt, m.typed, r.PaymentAccount != nil)
	if m.limit > 0 {
		require.LessOrEqual(m.rt, len(m.linked), m.limit)
	}
	if m.limit == 1 {
		require.False(m.rt, m.typed && len(m.linked) > 0, "one account in all")
	}
}

// finish ends the flow, which must be possible from everywhere.
func (m *linkModel) finish() {
	answer := m.client.server.Send(m.t, m.client.request(completePath))
	require.Equal(m.rt, http.StatusOK, answer.Status, answer.Body)
	already := m.ended
	m.ended = true
	m.check()
	var r receipt
	require.NoError(m.rt, json.Unmarshal([]byte(answer.Body), &r))
	if len(m.linked) > 0 || m.typed {
		require.Equal(m.rt, "succeeded", r.Status)
	} else if !already {
		require.Equal(m.rt, "cancelled", r.Status)
	}
}

func mapKeys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}
