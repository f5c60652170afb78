package control_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/bank/sandbox"
)

func TestLink(t *testing.T) {
	t.Parallel()
	m := start(t)
	everything := []string{"Success", "Savings", "Account Closed", "Insufficient Funds", "Debit Not Authorized",
		"Certificate of Deposit", "Credit Card", "Line of Credit", "Mortgage", "Personal Loan", "Brokerage", "Life Insurance"}
	for name, c := range map[string]struct {
		session string // what the session asks for
		params  map[string]any
		links   []string
	}{
		"everything":         {`{}`, nil, everything},
		"by id":              {`{}`, map[string]any{"institution": sandbox.TestNonOAuth}, everything},
		"in another case":    {`{}`, map[string]any{"institution": "test (non-oauth)", "accounts": []string{"SUCCESS", "savings"}}, []string{"Success", "Savings"}},
		"the same one twice": {`{}`, map[string]any{"accounts": []string{"Success", "success"}}, []string{"Success"}},
		"as many as may be":  {`{"limits": {"accounts": 1}}`, nil, []string{"Success"}},
		"of a kind":          {`{"filters": {"account_subcategories": ["mortgage", "savings"]}}`, nil, []string{"Savings", "Mortgage"}},
		"of a country":       {`{"filters": {"country": "US"}, "limits": {"accounts": 2}}`, nil, []string{"Success", "Savings"}},
		"of several countries": {`{"filters": {"countries": ["US", "CA"]}, "limits": {"accounts": 2}}`, nil,
			[]string{"Success", "Savings"}},
		"for payments": {`{"filters": {"require_payment_method_support": "all"}}`, nil,
			[]string{"Success", "Savings", "Account Closed", "Insufficient Funds", "Debit Not Authorized"}},
		"one for payments": {`{"filters": {"require_payment_method_support": "at_least_one"}}`,
			map[string]any{"accounts": []string{"Credit Card", "Success"}}, []string{"Credit Card", "Success"}},
		"one for payments first": {`{"filters": {"account_subcategories": ["credit_card", "savings"],
			"require_payment_method_support": "at_least_one"}, "limits": {"accounts": 1}}`, nil, []string{"Savings"}},
		"by OAuth":               {`{}`, map[string]any{"institution": "Test (OAuth)", "accounts": []string{"Mortgage"}}, []string{"Mortgage"}},
		"chosen at the bank":     {`{}`, map[string]any{"institution": "Bank (OAuth)", "accounts": []string{"Home Loan"}}, []string{"Home Loan"}},
		"that are searched only": {`{}`, map[string]any{"institution": "Inactive Accounts"}, []string{"Checking", "Savings"}},
	} {
		params := map[string]any{"institution": "Test (Non-OAuth)"}
		for name, value := range c.params {
			params[name] = value
		}
		session := m.session(c.session)
		accounts := m.link(session, params)
		require.ElementsMatch(t, c.links, names(accounts), name)
		answered := m.send(key, http.MethodGet, m.api+sessions+"/"+session, nil).object(t)
		require.ElementsMatch(t, accounts, linked(answered), "%s: the session is answered as the API answers it", name)
	}
	m.steer(http.MethodPost, "/settle", nil)
}

// Linked accounts are as if they had been linked in the flow: with events, and with what is prefetched.
func TestLinkCompletesTheFlow(t *testing.T) {
	t.Parallel()
	m := start(t)
	session := m.session(`{"prefetch": ["balances", "ownership", "transactions"]}`)
	account := m.link(session, map[string]any{"institution": "Test (Non-OAuth)", "accounts": []string{"Success"}})[0]
	require.Equal(t, "pending", account["balance_refresh"].(map[string]any)["status"])
	m.steer(http.MethodPost, "/settle", nil)
	account = m.send(key, http.MethodGet, m.api+accounts+"/"+account["id"].(string), nil).object(t)
	for _, feature := range []string{"balance_refresh", "ownership_refresh", "transaction_refresh"} {
		require.Equal(t, "succeeded", account[feature].(map[string]any)["status"], feature)
	}
	require.ElementsMatch(t, []string{"created", "refreshed_balance", "refreshed_ownership", "refreshed_transactions"}, m.events(""))
}

func TestLinkRefusals(t *testing.T) {
	t.Parallel()
	m := start(t)
	bank := map[string]any{"institution": "Test (Non-OAuth)"}
	used := m.session()
	m.link(used, bank)
	accounts := func(names ...string) map[string]any {
		return map[string]any{"institution": "Test (Non-OAuth)", "accounts": names}
	}
	at := func(institution string) map[string]any { return map[string]any{"institution": institution} }
	for name, c := range map[string]struct {
		session string
		params  map[string]any
		status  int
		param   string
		says    string
	}{
		"no session":             {"fcsess_1", bank, 404, "session", "No such session"},
		"of the other mode":      {m.sessionOf("sk_live_123"), bank, 404, "session", "similar object exists in live mode"},
		"of another tenant":      {m.sessionOf(other), bank, 404, "session", "No such session"},
		"used":                   {used, bank, 400, "session", "already been used"},
		"no institution":         {m.session(), map[string]any{}, 400, "institution", "Missing required param"},
		"unknown institution":    {m.session(), at("Bank of Nowhere"), 400, "institution", "There are: Test (Non-OAuth), Test (OAuth)"},
		"another country":        {m.session(`{"filters": {"country": "CA"}}`), bank, 400, "institution", "filters leave out all"},
		"unknown account":        {m.session(), accounts("Success", "Piggy Bank"), 400, "accounts[1]", "There are: Success, Savings"},
		"no names":               {m.session(), accounts(), 400, "accounts", ""},
		"a kind that is not":     {m.session(`{"filters": {"account_subcategories": ["savings"]}}`), accounts("Success"), 400, "accounts[0]", "leave out the account 'Success'"},
		"no account of the kind": {m.session(`{"filters": {"account_subcategories": ["mortgage"]}}`), at("Ownership Accounts"), 400, "institution", "leave out every account"},
		"not for payments": {m.session(`{"filters": {"require_payment_method_support": "all"}}`), accounts("Credit Card"), 400,
			"accounts[0]", "leave out the account"},
		"none for payments": {m.session(`{"filters": {"require_payment_method_support": "at_least_one"}}`), accounts("Credit Card"), 400,
			"accounts", "can be paid with"},
		"none that could be": {m.session(`{"filters": {"require_payment_method_support": "at_least_one"}}`), at("Invalid Payment Accounts"),
			400, "accounts", "can be paid with"},
		"too many":          {m.session(`{"limits": {"accounts": 1}}`), accounts("Success", "Savings"), 400, "accounts", "limits[accounts] is 1"},
		"down, with an end": {m.session(), at("Down (Scheduled)"), 400, "institution", "maintenance, which is scheduled to end at 20"},
		"down":              {m.session(), at("Down (Unscheduled)"), 400, "institution", "currently unavailable"},
		"broken":            {m.session(), at("Down (Error)"), 400, "institution", "makes no sense"},
	} {
		fault := m.send(key, http.MethodPost, m.control+"/sessions/"+c.session+"/link", c.params).fault(t, c.status)
		require.Equal(t, c.param, fault["param"], "%s: %s", name, fault["message"])
		require.Contains(t, fault["message"], c.says, name)
		extra, _ := fault["extra_fields"].(map[string]any)
		require.Equal(t, strings.HasPrefix(name, "down"), extra["institution_unavailable"] == true, name)
		require.Equal(t, name == "down, with an end", extra["expected_to_be_available_at"] != nil, name)
	}
	live := m.sessionOf("sk_live_123")
	fault := m.send("sk_live_123", http.MethodPost, m.control+"/sessions/"+live+"/link", bank).fault(t, http.StatusBadRequest)
	require.Contains(t, fault["message"], "test mode")

	late := m.session()
	m.steer(http.MethodPost, "/clock/advance", map[string]any{"seconds": 24 * 3600})
	fault = m.send(key, http.MethodPost, m.control+"/sessions/"+late+"/link", bank).fault(t, http.StatusBadRequest)
	require.Contains(t, fault["message"], "has expired")
}

// A session is used once, however many try.
func TestLinkOnce(t *testing.T) {
	t.Parallel()
	m := start(t)
	session := m.session()
	var linked atomic.Int64
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			a, err := m.try(key, http.MethodPost, m.control+"/sessions/"+session+"/link", map[string]any{"institution": "Test (Non-OAuth)"})
			if err != nil {
				t.Error(err)
			} else if a.Status == http.StatusOK {
				linked.Add(1)
			} else if !strings.Contains(a.Text, "already been used") {
				t.Error(a.Text)
			}
		})
	}
	clients.Wait()
	require.EqualValues(t, 1, linked.Load())
	require.Len(t, m.events("financial_connections.account.created"), 12)
}

// The same holder has the same accounts, and linking again repairs what has become inactive.
func TestLinkAgain(t *testing.T) {
	t.Parallel()
	m := start(t)
	params := map[string]any{"institution": "Inactive Accounts", "accounts": []string{"Checking"}}
	first := m.link(m.session(), params)[0]
	require.Equal(t, "active", first["status"])
	status := func() any {
		m.steer(http.MethodPost, "/clock/advance", map[string]any{"seconds": 60})
		return m.send(key, http.MethodGet, m.api+accounts+"/"+first["id"].(string), nil).object(t)["status"]
	}
	require.Equal(t, "inactive", status())
	again := m.link(m.session(), params)[0]
	require.Equal(t, first["id"], again["id"])
	require.Equal(t, "active", again["status"])
	require.Equal(t, "active", status())
	require.Equal(t, []string{"reactivated", "deactivated", "created"}, m.events(""))

	stranger := m.link(m.session(`{"account_holder": {"type": "customer", "customer": "cus_2"}}`), params)[0]
	require.NotEqual(t, first["id"], stranger["id"])
}

// What a closed account is like is known as soon as it is linked.
func TestLinkClosedAccount(t *testing.T) {
	t.Parallel()
	m := start(t)
	account := m.link(m.session(), map[string]any{"institution": "Test (Non-OAuth)", "accounts": []string{"Account Closed"}})[0]
	require.Equal(t, "inactive", account["status"])
	require.Equal(t, []string{"created"}, m.events(""))
}

// A connected account's session is linked with the header that created it.
func TestLinkForConnectedAccount(t *testing.T) {
	t.Parallel()
	m := start(t)
	header := []string{"Stripe-Account", "acct_1"}
	created := m.send(key, http.MethodPost, m.api+sessions, map[string]any{
		"account_holder": map[string]any{"type": "customer", "customer": "cus_1"}, "permissions": []string{"balances"},
	}, header...)
	path := fmt.Sprintf("%s/sessions/%s/link", m.control, created.object(t)["id"])
	params := map[string]any{"institution": "Test (Non-OAuth)"}
	m.send(key, http.MethodPost, path, params).fault(t, http.StatusNotFound)
	require.Len(t, linked(m.send(key, http.MethodPost, path, params, header...).object(t)), 12)
}
