package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/tests/harness"
)

// The paths of the client protocol.
const (
	synchronizePath = "/v1/financial_connections/sessions/synchronize"
	consentPath     = "/v1/link_account_sessions/consent_acquired"
	featuredPath    = "/v1/connections/featured_institutions"
	searchPath      = "/v1/connections/institutions"
	signInPath      = "/v1/connections/auth_sessions"
	retrievePath    = "/v1/connections/auth_sessions/retrieve"
	eventsPath      = "/v1/connections/auth_sessions/events"
	answersPath     = "/v1/connections/auth_sessions/answers"
	resultsPath     = "/v1/connections/auth_sessions/oauth_results"
	authorizedPath  = "/v1/connections/auth_sessions/authorized"
	cancelPath      = "/v1/connections/auth_sessions/cancel"
	offersPath      = "/v1/connections/auth_sessions/accounts"
	selectPath      = "/v1/connections/auth_sessions/selected_accounts"
	attachPath      = "/v1/link_account_sessions/attach_payment_account"
	morePath        = "/v1/link_account_sessions/link_more_accounts"
	completePath    = "/v1/link_account_sessions/complete"
	receiptPath     = "/v1/link_account_sessions/session_receipt"
	linkedPath      = "/v1/link_account_sessions/list_accounts"
)

// mobileVersion is what the mobile SDKs send (link-protocol 5.1).
const mobileVersion = "2020-08-27;financial_connections_client_api_beta=v1"

// linkClient is a client of the linking flow, as strict as those of the mobile SDKs: an answer that lacks a field which
// one of them requires is a failure (link-protocol 5.3 to 5.5).
type linkClient struct {
	server  *harness.Server
	key     string // publishable
	secret  string
	session string
}

// beginLink creates a session as a backend does, and a client for it.
func beginLink(t testing.TB, server *harness.Server, form string) *linkClient {
	t.Helper()
	session := server.Create(t, form).Session(t)
	return &linkClient{server: server, key: strings.Replace(harness.Key, "sk_", "pk_", 1), secret: session.ClientSecret, session: session.ID}
}

// request is a request of the client; params are names and values in turn.
func (c *linkClient) request(path string, params ...string) harness.Request {
	values := url.Values{"client_secret": {c.secret}}
	for i := 0; i < len(params); i += 2 {
		values.Add(params[i], params[i+1])
	}
	request := harness.Request{Path: path, Key: c.key, Header: map[string]string{"Stripe-Version": mobileVersion}}
	switch path {
	case featuredPath, searchPath, receiptPath, linkedPath:
		request.Path += "?" + values.Encode()
	default:
		request.Method, request.Body = http.MethodPost, values.Encode()
	}
	return request
}

// send sends a request. Answers of 202 are asked for again, as the SDKs do.
func (c *linkClient) send(t testing.TB, path string, params ...string) harness.Answer {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		answer := c.server.Send(t, c.request(path, params...))
		if answer.Status != http.StatusAccepted || path == resultsPath {
			return answer
		}
		require.True(t, time.Now().Before(deadline), answer.Body)
	}
}

// read sends a request and reads the answer, which has to be whole.
func (c *linkClient) read(t testing.TB, into any, path string, params ...string) {
	t.Helper()
	answer := c.send(t, path, params...)
	require.Equal(t, http.StatusOK, answer.Status, "%s: %s", path, answer.Body)
	decodeMobile(t, answer.Body, into)
}

// refused sends a request that has to be refused.
func (c *linkClient) refused(t testing.TB, path string, params ...string) linkError {
	t.Helper()
	answer := c.send(t, path, params...)
	require.Equal(t, http.StatusBadRequest, answer.Status, answer.Body)
	var body struct{ Error linkError }
	require.NoError(t, json.Unmarshal([]byte(answer.Body), &body))
	require.Equal(t, "invalid_request_error", body.Error.Type)
	require.NotEmpty(t, body.Error.Message)
	return body.Error
}

// linkError is an error of the flow (link-protocol 5.6).
type linkError struct {
	harness.Error
	ExtraFields map[string]any `json:"extra_fields"`
}

type (
	synchronized struct {
		Manifest manifest `json:"manifest"`
		Text     struct {
			ConsentPane map[string]any `json:"consent_pane"`
		} `json:"text"`
		Visual map[string]any `json:"visual"`
	}
	manifest struct {
		ID                      string       `json:"id"`
		ActiveAuthSession       *authSession `json:"active_auth_session"`
		AllowManualEntry        bool         `json:"allow_manual_entry"`
		BusinessName            *string      `json:"business_name"`
		CancelURL               string       `json:"cancel_url"`
		ConsentAcquiredAt       *int64       `json:"consent_acquired_at"`
		DisableLinkMoreAccounts bool         `json:"disable_link_more_accounts"`
		HostedAuthURL           string       `json:"hosted_auth_url"`
		NextPane                string       `json:"next_pane"`
		Permissions             []string     `json:"permissions"`
		SingleAccount           bool         `json:"single_account"`
		SuccessURL              string       `json:"success_url"`
	}
	authSession struct {
		ID                   string     `json:"id"`
		Flow                 string     `json:"flow"`
		IsOAuth              bool       `json:"is_oauth"`
		NextPane             string     `json:"next_pane"`
		Questions            []question `json:"questions"`
		SkipAccountSelection bool       `json:"skip_account_selection"`
		URL                  *string    `json:"url"`
		Display              *struct {
			Text struct {
				OAuthPrepane map[string]any `json:"oauth_prepane"`
			} `json:"text"`
		} `json:"display"`
	}
	question struct {
		Name, Label, Type string
		Error             *string
		Options           []struct{ Label, Value string }
	}
	institutionList struct {
		Data            []institution `json:"data"`
		ShowManualEntry bool          `json:"show_manual_entry"`
	}
	institution struct {
		ID, Name string
		Featured bool
	}
	partnerAccounts struct {
		Data                 []partnerAccount `json:"data"`
		NextPane             string           `json:"next_pane"`
		SkipAccountSelection bool             `json:"skip_account_selection"`
	}
	partnerAccount struct {
		ID                          string   `json:"id"`
		AllowSelection              bool     `json:"allow_selection"`
		AllowSelectionMessage       *string  `json:"allow_selection_message"`
		BalanceAmount               *int64   `json:"balance_amount"`
		LinkedAccountID             *string  `json:"linked_account_id"`
		Name                        string   `json:"name"`
		Subcategory                 string   `json:"subcategory"`
		SupportedPaymentMethodTypes []string `json:"supported_payment_method_types"`
	}
	paymentAccount struct {
		ID       string `json:"id"`
		NextPane string `json:"next_pane"`
	}
	oauthResults struct{ State, Status string }
	receipt      struct {
		ID       string `json:"id"`
		Status   string `json:"status"`
		Accounts struct {
			Data       []linkedAccount `json:"data"`
			TotalCount int             `json:"total_count"`
		} `json:"accounts"`
		BankAccountToken *bankToken     `json:"bank_account_token"`
		PaymentAccount   *bankAccount   `json:"payment_account"`
		StatusDetails    map[string]any `json:"status_details"`
	}
	linkedAccount struct {
		ID              string `json:"id"`
		DisplayName     string `json:"display_name"`
		InstitutionName string `json:"institution_name"`
		Last4           string `json:"last4"`
		Status          string `json:"status"`
	}
	bankToken struct {
		ID          string      `json:"id"`
		Object      string      `json:"object"`
		Type        string      `json:"type"`
		BankAccount bankAccount `json:"bank_account"`
	}
	bankAccount struct {
		ID            string `json:"id"`
		Last4         string `json:"last4"`
		RoutingNumber string `json:"routing_number"`
	}
)

// required is which fields the mobile SDKs cannot do without, and of what type they are: s(tring), b(oolean), n(umber),
// l(ist), o(bject); ? means that it may be null, but has to be there.
var required = map[string]string{
	"manifest": "id:s allow_manual_entry:b consent_required:b custom_manual_entry_handling:b disable_link_more_accounts:b " +
		"instant_verification_disabled:b institution_search_disabled:b livemode:b manual_entry_mode:s manual_entry_uses_microdeposits:b " +
		"next_pane:s permissions:l product:s single_account:b consent_acquired_at:n? app_verification_enabled:b mobile_handoff_enabled:b " +
		"use_single_sort_search:b",
	"synchronize":  "manifest:o text:o visual:o",
	"visual":       "merchant_logo:l reduced_branding:b reduce_manual_entry_prominence_in_errors:b",
	"consent":      "title:s above_cta:s cta:s body:o data_access_notice:o legal_details_notice:o",
	"notice":       "title:s body:o cta:s",
	"bullets":      "bullets:l",
	"links":        "links:l",
	"auth session": "id:s next_pane:s",
	"prepane":      "institution_icon:o title:s subtitle:s body:o cta:o data_access_notice:o",
	"entries":      "entries:l",
	"button":       "text:s",
	"institutions": "data:l show_manual_entry:b",
	"institution":  "id:s name:s featured:b mobile_handoff_capable:b",
	"accounts":     "data:l next_pane:s",
	"account":      "id:s name:s supported_payment_method_types:l authorization:s category:s subcategory:s",
	"results":      "state:s",
	"payment":      "id:s next_pane:s",
	"session":      "id:s client_secret:s accounts:o livemode:b permissions:l",
	"list":         "data:l has_more:b url:s",
}

// decodeMobile reads an answer as the mobile SDKs do.
func decodeMobile(t testing.TB, body string, into any) {
	t.Helper()
	var value map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &value), body)
	switch into.(type) {
	case *synchronized:
		requireFields(t, "synchronize", value)
		requireManifest(t, child(value, "manifest"))
		requireFields(t, "visual", child(value, "visual"))
		consent := child(value, "text", "consent_pane")
		requireFields(t, "consent", consent)
		requireFields(t, "bullets", child(consent, "body"))
		requireNotice(t, child(consent, "data_access_notice"))
		requireNotice(t, child(value, "text", "account_picker_pane", "data_access_notice"))
		requireFields(t, "notice", child(consent, "legal_details_notice"))
		requireFields(t, "links", child(consent, "legal_details_notice", "body"))
	case *manifest:
		requireManifest(t, value)
	case *authSession:
		requireAuthSession(t, value)
	case *institutionList:
		requireFields(t, "institutions", value)
		requireEach(t, "institution", value["data"])
	case *partnerAccounts:
		requireFields(t, "accounts", value)
		requireEach(t, "account", value["data"])
	case *oauthResults:
		requireFields(t, "results", value)
	case *paymentAccount:
		requireFields(t, "payment", value)
	case *receipt:
		requireFields(t, "session", value)
		requireFields(t, "list", child(value, "accounts"))
	default:
		require.Fail(t, fmt.Sprintf("no rules for %T", into))
	}
	require.NoError(t, json.Unmarshal([]byte(body), into), body)
}

func requireManifest(t testing.TB, value map[string]any) {
	t.Helper()
	requireFields(t, "manifest", value)
	if active, ok := value["active_auth_session"].(map[string]any); ok {
		requireAuthSession(t, active)
	}
}

func requireAuthSession(t testing.TB, value map[string]any) {
	t.Helper()
	requireFields(t, "auth session", value)
	require.Equal(t, value["is_oauth"] == true, value["display"] != nil)
	if value["display"] != nil {
		prepane := child(value, "display", "text", "oauth_prepane")
		requireFields(t, "prepane", prepane)
		requireFields(t, "entries", child(prepane, "body"))
		requireFields(t, "button", child(prepane, "cta"))
		requireNotice(t, child(prepane, "data_access_notice"))
	}
}

func requireNotice(t testing.TB, value map[string]any) {
	t.Helper()
	requireFields(t, "notice", value)
	requireFields(t, "bullets", child(value, "body"))
}

func requireEach(t testing.TB, what string, list any) {
	t.Helper()
	for _, item := range list.([]any) {
		requireFields(t, what, item.(map[string]any))
	}
}

func child(value map[string]any, names ...string) map[string]any {
	for _, name := range names {
		value, _ = value[name].(map[string]any)
	}
	return value
}

func requireFields(t testing.TB, what string, value map[string]any) {
	t.Helper()
	for _, rule := range strings.Fields(required[what]) {
		name, kind, _ := strings.Cut(rule, ":")
		field, there := value[name]
		require.True(t, there, "%s lacks %s", what, name)
		if field == nil {
			require.True(t, strings.HasSuffix(kind, "?"), "%s: %s is null", what, name)
			continue
		}
		got := map[string]string{"string": "s", "bool": "b", "float64": "n", "[]interface {}": "l", "map[string]interface {}": "o"}[fmt.Sprintf("%T", field)]
		require.Equal(t, strings.TrimSuffix(kind, "?"), got, "%s: %s", what, name)
	}
}

// agree goes from the start to the choice of the institution.
func (c *linkClient) agree(t testing.TB) {
	t.Helper()
	var s synchronized
	c.read(t, &s, synchronizePath, "locale", "en-US", "expand[]", "manifest.active_auth_session", "emit_events", "true",
		"mobile[fullscreen]", "true", "mobile[forced_authflow_version]", "v3")
	require.Equal(t, "consent", s.Manifest.NextPane)
	require.Nil(t, s.Manifest.ConsentAcquiredAt)
	var m manifest
	c.read(t, &m, consentPath, "expand[]", "active_auth_session")
	require.Equal(t, "institution_picker", m.NextPane)
	require.NotNil(t, m.ConsentAcquiredAt)
}

// signIn signs in at an institution without OAuth.
func (c *linkClient) signIn(t testing.TB, institution string) authSession {
	t.Helper()
	var s authSession
	c.read(t, &s, signInPath, "institution", institution, "use_mobile_handoff", "false", "use_abstract_flow", "true", "return_url", "ios")
	require.Equal(t, "partner_auth", s.NextPane)
	require.False(t, s.IsOAuth)
	require.NotEmpty(t, *s.URL)
	require.Len(t, s.Questions, 2)
	c.read(t, &s, eventsPath, "id", s.ID, "client_timestamp", "1700000000000", "frontend_events[0][event_namespace]", "partner-auth-lifecycle",
		"frontend_events[0][event_name]", "launched", "frontend_events[0][client_timestamp]", "1700000000000",
		"frontend_events[0][raw_event_details]", "{}", "key", c.key)
	c.read(t, &s, answersPath, "id", s.ID, "answers[username]", "jane", "answers[password]", "swordfish")
	require.Equal(t, "account_picker", s.NextPane)
	require.Empty(t, s.Questions)
	return s
}

// offers lists the accounts of a sign-in.
func (c *linkClient) offers(t testing.TB, signIn string) partnerAccounts {
	t.Helper()
	var p partnerAccounts
	c.read(t, &p, offersPath, "id", signIn, "expand[]", "data.institution")
	return p
}

// choose links accounts.
func (c *linkClient) choose(t testing.TB, signIn string, ids ...string) partnerAccounts {
	t.Helper()
	var p partnerAccounts
	c.read(t, &p, selectPath, selection(signIn, ids...)...)
	require.Len(t, p.Data, len(ids))
	for _, account := range p.Data {
		require.NotNil(t, account.LinkedAccountID)
	}
	return p
}

// selection is the parameters that choose accounts.
func selection(signIn string, ids ...string) []string {
	params := []string{"id", signIn, "expand[]", "data.institution"}
	for i, id := range ids {
		params = append(params, fmt.Sprintf("selected_accounts[%d]", i), id)
	}
	return params
}

// complete ends the flow.
func (c *linkClient) complete(t testing.TB, params ...string) receipt {
	t.Helper()
	var r receipt
	c.read(t, &r, completePath, params...)
	require.Equal(t, c.session, r.ID)
	return r
}
