package tests

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"fincon/gen"
	"fincon/impl"
	"fincon/impl/bank"
	"fincon/impl/bank/sandbox"
	"fincon/openapi"
	"fincon/tests/harness"
)

// events are all that the query selects, oldest first.
func (w *world) events(query string) (all []gen.Event) {
	w.t.Helper()
	path := events + "?limit=100&" + query
	for {
		page := read[gen.EventList](w.t, w.call(strings.TrimSuffix(path, "&")))
		all = append(all, page.Data...)
		if !page.HasMore {
			slices.Reverse(all)
			return all
		}
		path = events + "?limit=100&" + query + "&starting_after=" + page.Data[len(page.Data)-1].ID
	}
}

const prefix = "financial_connections."

// story is an account of a test institution and what is done with it.
type story struct {
	*world
	institution string
	names       []string
	accounts    []string
	seen        map[string]bool // events
	happened    []gen.Event     // in this step
}

// step is one thing that is done, with the events that it makes happen: in the order of time, and in alphabetical order at
// the same time.
type step struct {
	name  string
	do    func(*story)
	asked bool // by a request of the backend
	want  []string
}

// link links the accounts in a new session of the same person.
func link(permissions []string, more ...string) func(*story) {
	return func(s *story) {
		s.accounts = s.Link(s.t, s.key, s.session(permissions, more...), s.institution, s.names...)
		s.Settle(s.t)
	}
}

func linked(want ...string) step { return step{"link", link(allPermissions), false, want} }

func relinked(want ...string) step { return step{"link again", link(allPermissions), false, want} }

func passed(by time.Duration, want ...string) step {
	return step{"after " + by.String(), func(s *story) { s.pass(by) }, false, want}
}

// asked posts to each account's path and waits for what comes of it.
func asked(verb, form string, want ...string) step {
	return step{verb, func(s *story) {
		for _, account := range s.accounts {
			read[gen.Account](s.t, s.Send(s.t, harness.Request{
				Method: http.MethodPost, Path: accounts + "/" + account + "/" + verb, Key: s.key, Body: form,
			}))
		}
		s.Settle(s.t)
	}, true, want}
}

const (
	day   = 24 * time.Hour
	month = 30 * day
)

// The events of Financial Connections, without the prefix that all of them have.
const (
	created       = "account.created"
	deactivated   = "account.deactivated"
	reactivated   = "account.reactivated"
	gone          = "account.disconnected"
	balanceCame   = "account.refreshed_balance"
	ownersCame    = "account.refreshed_ownership"
	moneyMoved    = "account.refreshed_transactions"
	numbers       = "account.account_numbers_updated"
	numberEnds    = "account.upcoming_account_number_expiry"
	paymentTypes  = "account.supported_payment_method_types_updated"
	accountEnds   = "account.upcoming_deactivation"
	accountMoved  = "account.expected_deactivation_date_updated"
	consentEnds   = "authorization.upcoming_deactivation"
	consentMoved  = "authorization.expected_deactivation_date_updated"
	transactional = "features[]=transactions"
)

// stories say of each test institution which events happen when (server-api 6.2), and that no others do.
var stories = []struct {
	name, institution string
	names             []string
	steps             []step
}{
	{"an account that stays", sandbox.TestNonOAuth, []string{"Success"}, []step{
		linked(created),
		asked("refresh", featuresForm(allFeatures...), balanceCame, ownersCame, moneyMoved),
		asked("refresh", featuresForm(allFeatures...)), // too early
		passed(90 * day),
		asked("subscribe", transactional, moneyMoved),
		asked("subscribe", transactional),
		passed(day, moneyMoved),
		passed(2*day, moneyMoved, moneyMoved),
		asked("unsubscribe", transactional),
		passed(2 * day),
		relinked(),
		asked("disconnect", "", gone),
		asked("disconnect", ""),
		passed(90 * day),
		relinked(reactivated),
	}},
	{"fetched in advance", sandbox.TestNonOAuth, []string{"Savings"}, []step{
		{"link", link(allPermissions, "prefetch[]=balances", "prefetch[]=ownership", "prefetch[]=transactions"), false,
			[]string{created, balanceCame, ownersCame, moneyMoved}},
		passed(90 * day),
	}},
	{"a refresh that fails", sandbox.TestNonOAuth, []string{"Life Insurance"}, []step{
		linked(created),
		asked("refresh", featuresForm("balance", "transactions"), balanceCame, moneyMoved),
	}},
	{"an account that is closed", sandbox.TestNonOAuth, []string{"Account Closed"}, []step{
		linked(created), passed(90 * day), relinked(),
	}},
	{"permissions that are widened", sandbox.TestNonOAuth, []string{"Success"}, []step{
		{"link", link([]string{"balances"}), false, []string{created}},
		relinked(), // its numbers are shown now, and are what they were
	}},
	{"Inactive Accounts", sandbox.InactiveAccounts, []string{"Checking"}, []step{
		linked(created),
		passed(9 * time.Second),
		passed(time.Second, deactivated),
		passed(90 * day),
		relinked(reactivated),
		passed(90 * day),
	}},
	{"Inactive Accounts, subscribed to", sandbox.InactiveAccounts, []string{"Checking"}, []step{
		linked(created),
		asked("subscribe", transactional, moneyMoved),
		passed(time.Minute, deactivated),
		passed(3 * day),
		relinked(reactivated),
		passed(day, moneyMoved),
	}},
	{"Immediately Requires Reauthentication", sandbox.ImmediatelyRequiresReauth, []string{"Checking"}, []step{
		linked(created),
		passed(10*time.Second, deactivated),
		passed(90 * day),
		relinked(accountMoved, reactivated, accountEnds, consentMoved, consentEnds), // a day ahead
		passed(day - time.Second),
		passed(time.Second, deactivated),
		passed(90 * day),
		relinked(accountMoved, reactivated, accountEnds, consentMoved, consentEnds),
	}},
	{"Eventually Requires Reauthentication", sandbox.EventuallyRequiresReauth, []string{"Checking"}, []step{
		linked(created, accountEnds, consentEnds), // a month ahead
		passed(month / 2),
		relinked(accountMoved, accountEnds, consentMoved, consentEnds),
		passed(month - time.Second),
		passed(time.Second, deactivated),
		passed(90 * day),
		relinked(accountMoved, reactivated, accountEnds, consentMoved, consentEnds),
		asked("disconnect", "", gone),
		passed(90 * day),
	}},
	{"Eventually Requires Reauthentication, two accounts", sandbox.EventuallyRequiresReauth, nil, []step{
		linked(created, created, accountEnds, accountEnds, consentEnds), // one consent
		passed(month, deactivated, deactivated),
		relinked(accountMoved, accountMoved, reactivated, reactivated, accountEnds, accountEnds, consentMoved, consentEnds),
	}},
	{"Tokenized Account Number, expired", sandbox.TokenizedAccountNumber, []string{"Expired Tokenized Account Number"}, []step{
		linked(created), passed(90 * day),
	}},
	{"Tokenized Account Number, eventually", sandbox.TokenizedAccountNumber,
		[]string{"Eventually Expiring Tokenized Account Number"}, []step{
			linked(created, numberEnds), // a month ahead
			passed(month - time.Second),
			passed(time.Second, numbers),
			passed(90 * day),
		}},
	{"Tokenized Account Number, immediately", sandbox.TokenizedAccountNumber,
		[]string{"Immediately Expiring Tokenized Account Number"}, []step{
			linked(created), passed(9 * time.Second), passed(time.Second, numbers), passed(90 * day),
		}},
	{"Tokenized Account Number, which may not be read", sandbox.TokenizedAccountNumber, nil, []step{
		{"link", link([]string{"balances"}), false, []string{created, created, created}}, passed(90 * day),
	}},
	{"an account that payments are closed for", sandbox.InvalidPaymentAccounts, []string{"Prepaid Card"}, []step{
		linked(created), passed(time.Hour - time.Second), passed(time.Second, paymentTypes), passed(90 * day),
	}},
}

func TestEvents(t *testing.T) {
	t.Parallel()
	happen := map[string]bool{}
	for _, told := range stories {
		for _, step := range told.steps {
			for _, kind := range step.want {
				happen[prefix+kind] = true
			}
		}
		t.Run(told.name, func(t *testing.T) {
			t.Parallel()
			harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
				s := &story{world: begin(t, kind, changingPayments), institution: told.institution, names: told.names,
					seen: map[string]bool{}}
				s.tell(told.steps)
			})
		})
	}
	for _, kind := range documentedEvents(t) {
		require.True(t, happen[kind], "no story has %s", kind)
	}
}

// documentedEvents are the types that the document knows.
func documentedEvents(t *testing.T) (types []string) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.JSON)
	require.NoError(t, err)
	for _, kind := range doc.Components.Schemas["EventType"].Value.Enum {
		types = append(types, kind.(string))
	}
	require.Len(t, types, 14)
	return types
}

// tell does step after step and compares what happened.
func (s *story) tell(steps []step) {
	s.t.Helper()
	for i, step := range steps {
		s.happened = nil
		step.do(s)
		s.collect()
		name := fmt.Sprintf("step %d, %s", i+1, step.name)
		require.Equal(s.t, step.want, types(s.happened), name)
		for _, event := range s.happened {
			require.Equal(s.t, step.asked, event.Request.ID != nil, "%s: %s", name, event.Type)
			s.requireSubject(event)
		}
	}
}

// pass lets time pass, in parts that are shorter than events can be read.
func (s *story) pass(by time.Duration) {
	s.t.Helper()
	const longest = 29 * day
	for ; by > 0; by -= longest {
		s.Advance(s.t, min(by, longest))
		s.collect()
	}
}

// collect adds what happened since it was called last.
func (s *story) collect() {
	s.t.Helper()
	for _, event := range s.events("") {
		if !s.seen[event.ID] {
			s.seen[event.ID] = true
			s.happened = append(s.happened, event)
		}
	}
}

func types(happened []gen.Event) (types []string) {
	slices.SortStableFunc(happened, func(a, b gen.Event) int {
		return cmp.Or(cmp.Compare(a.Created, b.Created), cmp.Compare(a.Type, b.Type))
	})
	for _, event := range happened {
		types = append(types, strings.TrimPrefix(string(event.Type), prefix))
	}
	return types
}

// requireSubject checks that an event shows what it is about as it was when it happened.
func (s *story) requireSubject(event gen.Event) {
	s.t.Helper()
	require.Equal(s.t, "2026-09-30.endive", *event.APIVersion)
	require.False(s.t, event.Livemode)
	require.Zero(s.t, event.PendingWebhooks)
	kind := strings.TrimPrefix(string(event.Type), prefix)
	if strings.HasPrefix(kind, "authorization.") {
		var authorization gen.Authorization
		require.NoError(s.t, json.Unmarshal(event.Data.Object, &authorization))
		require.Regexp(s.t, `^fcauth_`, authorization.ID)
		require.Equal(s.t, gen.AuthorizationStatusActive, authorization.Status)
		require.NotNil(s.t, authorization.StatusDetails.Active, "%s: %s", kind, event.Data.Object)
		require.Greater(s.t, authorization.StatusDetails.Active.ExpectedDeactivationDate, event.Created)
		return
	}
	var account gen.Account
	require.NoError(s.t, json.Unmarshal(event.Data.Object, &account))
	require.Contains(s.t, s.accounts, account.ID)
	require.True(s.t, shows[kind](account, event.Created), "%s: %s", kind, event.Data.Object)
}

// shows: what can be seen in the account that an event is about.
var shows = map[string]func(account gen.Account, at int64) bool{
	created:     func(account gen.Account, at int64) bool { return account.Created == at },
	deactivated: func(account gen.Account, _ int64) bool { return account.Status == gen.AccountStatusInactive },
	reactivated: func(account gen.Account, _ int64) bool { return account.Status == gen.AccountStatusActive },
	gone:        func(account gen.Account, _ int64) bool { return account.Status == gen.AccountStatusDisconnected },
	balanceCame: func(account gen.Account, at int64) bool {
		return account.BalanceRefresh.Status != gen.RefreshStatusPending && account.BalanceRefresh.LastAttemptedAt == at
	},
	ownersCame: func(account gen.Account, at int64) bool {
		return account.OwnershipRefresh.Status != gen.RefreshStatusPending && account.OwnershipRefresh.LastAttemptedAt == at
	},
	moneyMoved: func(account gen.Account, at int64) bool {
		return account.TransactionRefresh.Status != gen.RefreshStatusPending && account.TransactionRefresh.LastAttemptedAt == at
	},
	numbers: func(account gen.Account, _ int64) bool {
		return account.AccountNumbers[0].Status != gen.AccountNumberDetailsStatusTransactable
	},
	numberEnds: func(account gen.Account, at int64) bool {
		return *account.AccountNumbers[0].ExpectedExpiryDate == at+int64(month/time.Second)
	},
	paymentTypes: func(account gen.Account, _ int64) bool { return len(account.SupportedPaymentMethodTypes) == 0 },
	accountEnds: func(account gen.Account, at int64) bool {
		return account.StatusDetails.Active.ExpectedDeactivationDate > at
	},
	accountMoved: func(account gen.Account, at int64) bool {
		return account.StatusDetails.Active.ExpectedDeactivationDate > at
	},
}

// paymentsClose is the test institutions, but for one card: it takes payments for an hour after it was linked.
type paymentsClose struct {
	*sandbox.Bank
	now func() time.Time
}

func changingPayments(config *impl.Config) {
	config.Banks = bank.NewDirectory(context.Background(), paymentsClose{sandbox.New(config.Clock.Now), config.Clock.Now})
}

func (b paymentsClose) Accounts(ctx context.Context, connection bank.Connection, cursor string) (bank.Page[bank.Account], error) {
	page, err := b.Bank.Accounts(ctx, connection, cursor)
	for i := range page.Items {
		b.change(connection.Grant, &page.Items[i])
	}
	return page, err
}

func (b paymentsClose) Account(ctx context.Context, connection bank.Connection, id string) (bank.Account, error) {
	account, err := b.Bank.Account(ctx, connection, id)
	b.change(connection.Grant, &account)
	return account, err
}

func (b paymentsClose) change(grant bank.Grant, account *bank.Account) {
	closes := grant.Since().Add(time.Hour)
	if account.Name != "Prepaid Card" || !b.now().Before(closes) {
		return
	}
	account.PaymentMethodTypes, account.NextChange = []string{bank.PaymentMethodUSBankAccount}, closes
}

// What is listed can be chosen by type, time and whether it was delivered.
func TestEventsFilters(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		account := w.link(sandbox.EventuallyRequiresReauth, "Checking")[0]
		w.Settle(t)
		w.Advance(t, time.Hour)
		dead := w.endpoint("http://127.0.0.1:1/") // from now on something is not delivered
		w.refresh(account, "balance", "ownership")
		w.Advance(t, time.Hour)
		read[gen.DeletedWebhookEndpoint](t, w.Send(t, harness.Request{Method: http.MethodDelete,
			Path: webhookEndpoints + "/" + dead.ID, Key: w.key}))
		read[gen.Account](t, w.post(accounts+"/"+account+"/disconnect"))

		first, second, third := harness.Noon.Unix(), harness.Noon.Add(time.Hour).Unix(), harness.Noon.Add(2*time.Hour).Unix()
		begins, fetched := []string{created, accountEnds, consentEnds}, []string{balanceCame, ownersCame}
		all := slices.Concat(begins, fetched, []string{gone})
		cases := []struct {
			query string
			want  []string
		}{
			{"", all},
			{"type=" + prefix + created, []string{created}},
			{"type=" + prefix + "account.refreshed_*", fetched},
			{"type=" + prefix + "account.*", []string{created, accountEnds, balanceCame, ownersCame, gone}},
			{"type=*", all},
			{"type=" + prefix + "account", nil},
			{"type=" + prefix + "*.created", nil},
			{"type=bogus", nil},
			{"types[]=" + prefix + created, []string{created}},
			{"types[]=" + prefix + gone + "&types[]=" + prefix + consentEnds + "&types[]=bogus", []string{consentEnds, gone}},
			{"types[]=" + prefix + "account.*", nil},
			{fmt.Sprint("created=", second), fetched},
			{fmt.Sprint("created[gt]=", first), []string{balanceCame, ownersCame, gone}},
			{fmt.Sprint("created[gte]=", first), all},
			{fmt.Sprint("created[lt]=", second), begins},
			{fmt.Sprint("created[lte]=", second), slices.Concat(begins, fetched)},
			{fmt.Sprintf("created[gt]=%d&created[lt]=%d", first, third), fetched},
			{fmt.Sprintf("created[gt]=%d&created[lt]=%d", third, first), nil},
			{"delivery_success=false", fetched},
			{"delivery_success=true", slices.Concat(begins, []string{gone})},
			{fmt.Sprintf("delivery_success=false&created[gt]=%d&type=%saccount.refreshed_b*", first, prefix),
				[]string{balanceCame}},
		}
		for _, c := range cases {
			t.Run(c.query, func(t *testing.T) { require.Equal(t, c.want, types(w.events(c.query))) })
		}
		for _, event := range w.events("delivery_success=false") {
			require.EqualValues(t, 1, event.PendingWebhooks)
		}
	})
}

func TestEventsFiltersRefused(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.Memory)
	cases := []struct{ name, query, code, param, message string }{
		{"one type and several", "type=a&types[]=b", "parameters_exclusive", "type",
			"You may only specify one of these parameters: type, types."},
		{"no type", "type=", "parameter_invalid_empty", "type", "You passed an empty string for 'type'."},
		{"a time that is none", "created=abc", "parameter_invalid_integer", "created", "Invalid integer: abc"},
		{"a boundary that is none", "created[gt]=abc", "parameter_invalid_integer", "created[gt]", "Invalid integer: abc"},
		{"an unknown boundary", "created[after]=1", "parameter_unknown", "created[after]",
			"Received unknown parameter: created[after]"},
		{"no boolean", "delivery_success=maybe", "", "delivery_success", "Invalid boolean: maybe"},
		{"too many types", "types[]=a" + strings.Repeat("&types[]=a", 20), "", "types",
			"Array types exceeded maximum 20 allowed elements."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			requireFault(t, w.call(events+"?"+c.query), http.StatusBadRequest, c.code, c.param, c.message)
		})
	}
}

// An event tells which request made it happen, and with which idempotency key; a request that is sent again makes nothing
// happen.
func TestEventsRequest(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		account := w.link(sandbox.TestNonOAuth, "Success")[0]
		requests := map[string]string{prefix + balanceCame: "refresh", prefix + gone: "disconnect"}
		ids := map[string]string{}
		for _, verb := range []string{"refresh", "disconnect"} {
			request := harness.Request{Method: http.MethodPost, Path: accounts + "/" + account + "/" + verb, Key: w.key,
				Header: map[string]string{"Idempotency-Key": "key of " + verb}}
			if verb == "refresh" {
				request.Body = featuresForm("balance")
			}
			first := w.Send(t, request)
			ids[verb] = first.Header.Get("Request-Id")
			w.Advance(t, time.Minute)
			again := w.Send(t, request)
			require.Equal(t, first.Body, again.Body)
			require.Equal(t, "true", again.Header.Get("Idempotent-Replayed"))
			w.Settle(t)
		}
		all := w.events("")
		require.Len(t, all, 3)
		for _, event := range all {
			if event.Type == prefix+created {
				require.Equal(t, gen.EventRequest{}, *event.Request)
				continue
			}
			verb := requests[string(event.Type)]
			require.Equal(t, ids[verb], *event.Request.ID)
			require.Equal(t, "key of "+verb, *event.Request.IdempotencyKey)
			got := read[gen.Event](t, w.call(events+"/"+event.ID))
			requireSame(t, event, got)
		}
	})
}

// Events can be read for 30 days.
func TestEventsThirtyDays(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		w.link(sandbox.TestNonOAuth, "Success")
		event := w.events("")[0].ID
		w.Advance(t, 30*day)
		require.Len(t, w.events(""), 1)
		read[gen.Event](t, w.call(events+"/"+event))
		w.Advance(t, time.Second)
		require.Empty(t, w.events(""))
		requireFault(t, w.call(events+"/"+event), http.StatusNotFound, missingCode, "id", "No such event: '"+event+"'")
	})
}
