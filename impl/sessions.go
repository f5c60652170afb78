package impl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"fincon/gen"
	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/id"
	"fincon/impl/link"
	"fincon/impl/store"
	"fincon/impl/wire"
)

const accountsPath = "/v1/financial_connections/accounts"

// sessionJSON is a session as it is served.
type sessionJSON []byte

func (b sessionJSON) VisitCreateSessionResponse(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, b)
	return nil
}

func (b sessionJSON) VisitRetrieveSessionResponse(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, b)
	return nil
}

// CreateSession begins a session (POST /v1/financial_connections/sessions).
func (s *Server) CreateSession(ctx context.Context, request gen.CreateSessionRequestObject) (gen.CreateSessionResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	if err := checkSession(params); err != nil {
		return nil, err
	}
	scope := apikey.From(ctx).Scope
	session, err := newSession(params, scope.Livemode, id.New("fcsess_", s.Clock.Now()))
	if err != nil {
		return nil, err
	}
	stored, err := wire.JSON(session)
	if err != nil {
		return nil, err
	}
	answer, err := expandSession(stored, items(params.Expand))
	if err != nil {
		return nil, err
	}
	answer, err = s.write(ctx, func(ctx context.Context, tx *store.Tx) ([]byte, error) {
		return answer, tx.InsertSession(ctx, scope, store.Session{ID: session.ID, Body: stored})
	})
	if err != nil {
		return nil, err
	}
	return sessionJSON(answer), nil
}

// RetrieveSession gives a session back (GET /v1/financial_connections/sessions/{session}).
func (s *Server) RetrieveSession(ctx context.Context, request gen.RetrieveSessionRequestObject) (gen.RetrieveSessionResponseObject, error) {
	scope := apikey.From(ctx).Scope
	stored, err := s.Store.Session(ctx, scope, request.Session)
	if errors.Is(err, store.ErrNotFound) {
		return nil, s.noSession(ctx, scope, request.Session)
	}
	if err != nil {
		return nil, err
	}
	paths := items(request.Params.Expand)
	if !bytes.Contains(stored, noAccounts) {
		if stored, err = s.withAccounts(ctx, scope, stored, below(paths, "accounts.data")); err != nil {
			return nil, err
		}
	}
	answer, err := expandSession(stored, paths)
	if err != nil {
		return nil, err
	}
	return sessionJSON(answer), nil
}

// noAccounts stands in every stored session in which nothing was linked yet: reading it needs no accounts.
var noAccounts = []byte("\n    \"total_count\": 0,\n")

// shownAccounts is how many of its accounts a session shows; the others are listed by the session's id.
const shownAccounts = 100

// withAccounts fills in the session's accounts as they are now.
func (s *Server) withAccounts(ctx context.Context, scope store.Scope, stored []byte, paths []string) ([]byte, error) {
	var session gen.Session
	if err := json.Unmarshal(stored, &session); err != nil {
		return nil, fmt.Errorf("read a stored session: %w", err)
	}
	rows, err := s.Store.SessionAccounts(ctx, scope, session.ID, shownAccounts)
	if err != nil {
		return nil, err
	}
	session.Accounts.HasMore = session.Accounts.TotalCount > int64(len(rows))
	for _, row := range rows {
		body, err := s.expandAccount(ctx, scope, row.Body, paths)
		if err != nil {
			return nil, err
		}
		var linked gen.Account
		if err := json.Unmarshal(body, &linked); err != nil {
			return nil, fmt.Errorf("read a stored account: %w", err)
		}
		session.Accounts.Data = append(session.Accounts.Data, linked)
	}
	return wire.JSON(session)
}

// noSession says whether the id exists in the key's other mode. One of another tenant is as if it did not exist.
func (s *Server) noSession(ctx context.Context, scope store.Scope, session string) error {
	exists, err := s.Store.SessionExists(ctx, otherMode(scope), session)
	if err != nil {
		return err
	}
	if exists {
		return apierror.NoSuchInMode("session", session, "session", scope.Livemode)
	}
	return apierror.NoSuch("session", session, "session")
}

// checkSession holds the rules between parameters, which a schema cannot say, in the parameters' order.
func checkSession(params *gen.SessionCreateParams) error {
	if err := checkHolder(params.AccountHolder); err != nil {
		return err
	}
	if filters := params.Filters; filters != nil && filters.Countries != nil && filters.Country != nil {
		return apierror.Exclusive("filters[countries]", "filters[country]")
	}
	for _, feature := range params.Prefetch {
		if !slices.Contains(params.Permissions, gen.Permission(feature)) {
			return apierror.Invalid("prefetch", fmt.Sprintf("You must include the `%[1]s` permission to prefetch %[1]s.", feature))
		}
	}
	if params.ReturnURL != nil {
		return checkReturnURL(*params.ReturnURL)
	}
	return nil
}

// checkHolder: a customer is named by exactly one of customer and customer_account, an account by account
// (server-api 2.3).
func checkHolder(holder gen.AccountHolderParams) error {
	if holder.Type == gen.HolderTypeAccount {
		switch {
		case holder.Customer != nil:
			return onlyWith("customer", "customer")
		case holder.CustomerAccount != nil:
			return onlyWith("customer_account", "customer")
		case holder.Account == nil:
			return apierror.Missing("account_holder[account]")
		}
		return nil
	}
	switch {
	case holder.Account != nil:
		return onlyWith("account", "account")
	case holder.Customer != nil && holder.CustomerAccount != nil:
		return apierror.Exclusive("account_holder[customer]", "account_holder[customer_account]")
	case holder.Customer == nil && holder.CustomerAccount == nil:
		return apierror.Missing("account_holder[customer]")
	}
	return nil
}

func onlyWith(param, holderType string) error {
	param = "account_holder[" + param + "]"
	return apierror.Invalid(param, fmt.Sprintf("You may only specify %s when account_holder[type] is %s.", param, holderType))
}

// unsafeSchemes are URLs that a browser would run or read instead of going there.
var unsafeSchemes = []string{"about", "blob", "data", "file", "filesystem", "javascript", "vbscript", "view-source"}

// checkReturnURL takes absolute URLs, of http(s) and of schemes that an app can register.
func checkReturnURL(text string) error {
	parsed, err := url.Parse(text)
	switch {
	case err != nil || parsed.Scheme == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' }):
	case slices.Contains(unsafeSchemes, strings.ToLower(parsed.Scheme)):
	case (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Hostname() == "":
	default:
		return nil
	}
	return apierror.Invalid("return_url", "Not a valid URL: return_url must be an absolute URL with a scheme, such as "+
		"https://example.com/back or myapp://back.").WithCode("url_invalid")
}

// newSession makes the object of what was asked for; what was not asked for is left out.
func newSession(params *gen.SessionCreateParams, livemode bool, sessionID string) (*gen.Session, error) {
	holder, err := newHolder(params.AccountHolder)
	if err != nil {
		return nil, err
	}
	secret := id.SecretOf(link.SecretPrefix, sessionID)
	session := &gen.Session{
		ID:            sessionID,
		Object:        gen.SessionObjectFinancialConnectionsSession,
		AccountHolder: holder,
		Accounts: gen.SessionAccounts{
			Object: gen.SessionAccountsObjectList, Data: []gen.Account{}, URL: accountsPath,
		},
		ClientSecret: &secret,
		Livemode:     livemode,
		ManualEntry:  params.ManualEntry,
		Permissions:  sortedSet(params.Permissions),
		Prefetch:     sortedSet(params.Prefetch),
		ReturnURL:    params.ReturnURL,
	}
	if filters := params.Filters; filters != nil {
		session.Filters = &gen.SessionFilters{
			AccountSubcategories:        sortedSet(filters.AccountSubcategories),
			Countries:                   filters.Countries,
			Country:                     filters.Country,
			RequirePaymentMethodSupport: filters.RequirePaymentMethodSupport,
		}
	}
	session.Limits, err = newLimits(params.Limits)
	if err != nil {
		return nil, err
	}
	return session, nil
}

// newLimits: the empty string asks for no limit, which is what leaving it out says.
func newLimits(params *gen.SessionLimitsParams) (*gen.SessionLimits, error) {
	if params == nil {
		return nil, nil
	}
	if empty, err := params.Accounts.AsSessionLimitsParamsAccounts1(); err == nil && empty == "" {
		return nil, nil
	}
	accounts, err := params.Accounts.AsSessionLimitsParamsAccounts0()
	if err != nil {
		return nil, fmt.Errorf("read limits[accounts]: %w", err)
	}
	return &gen.SessionLimits{Accounts: accounts}, nil
}

func newHolder(params gen.AccountHolderParams) (*gen.AccountHolder, error) {
	holder := &gen.AccountHolder{Type: params.Type, CustomerAccount: params.CustomerAccount}
	if params.Customer != nil {
		holder.Customer = new(gen.ExpandableCustomer)
		if err := holder.Customer.FromExpandableCustomer0(*params.Customer); err != nil {
			return nil, err
		}
	}
	if params.Account != nil {
		holder.Account = new(gen.ExpandableConnectedAccount)
		if err := holder.Account.FromExpandableConnectedAccount0(*params.Account); err != nil {
			return nil, err
		}
	}
	return holder, nil
}

// sortedSet is the values in alphabetical order, each once; nil stays nil.
func sortedSet[T ~string](values []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}

// expandSession answers the properties that were asked for in full. Most paths name what is in the object anyway.
func expandSession(stored []byte, paths []string) ([]byte, error) {
	customer := slices.Contains(paths, "account_holder.customer")
	account := slices.Contains(paths, "account_holder.account")
	if !customer && !account {
		return stored, nil
	}
	var session gen.Session
	if err := json.Unmarshal(stored, &session); err != nil {
		return nil, fmt.Errorf("read a stored session: %w", err)
	}
	if session.AccountHolder != nil {
		if err := expandHolder(session.AccountHolder, customer, account, id.Created(session.ID), session.Livemode); err != nil {
			return nil, err
		}
	}
	return wire.JSON(session)
}

// expandHolder puts what is known of the customer or the connected account in the place of its id.
func expandHolder(holder *gen.AccountHolder, customer, account bool, created int64, livemode bool) error {
	if customer && holder.Customer != nil {
		name, err := holder.Customer.AsExpandableCustomer0()
		if err != nil {
			return fmt.Errorf("read an account holder: %w", err)
		}
		if err := holder.Customer.FromCustomer(gen.Customer{
			ID: name, Object: gen.CustomerObjectCustomer, Created: created, Livemode: livemode,
		}); err != nil {
			return err
		}
	}
	if account && holder.Account != nil {
		name, err := holder.Account.AsExpandableConnectedAccount0()
		if err != nil {
			return fmt.Errorf("read an account holder: %w", err)
		}
		return holder.Account.FromConnectedAccount(gen.ConnectedAccount{
			ID: name, Object: gen.ConnectedAccountObjectAccount,
		})
	}
	return nil
}
