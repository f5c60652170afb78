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
	"fincon/impl/account"
	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/store"
	"fincon/impl/wire"
)

// accountJSON is an account, or a list of accounts or of owners, as it is served.
type accountJSON []byte

func (b accountJSON) write(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, b)
	return nil
}

func (b accountJSON) VisitListAccountsResponse(w http.ResponseWriter) error       { return b.write(w) }
func (b accountJSON) VisitRetrieveAccountResponse(w http.ResponseWriter) error    { return b.write(w) }
func (b accountJSON) VisitDisconnectAccountResponse(w http.ResponseWriter) error  { return b.write(w) }
func (b accountJSON) VisitListAccountOwnersResponse(w http.ResponseWriter) error  { return b.write(w) }
func (b accountJSON) VisitRefreshAccountResponse(w http.ResponseWriter) error     { return b.write(w) }
func (b accountJSON) VisitSubscribeAccountResponse(w http.ResponseWriter) error   { return b.write(w) }
func (b accountJSON) VisitUnsubscribeAccountResponse(w http.ResponseWriter) error { return b.write(w) }

// ListAccounts lists accounts, newest first (GET /v1/financial_connections/accounts).
func (s *Server) ListAccounts(ctx context.Context, request gen.ListAccountsRequestObject) (gen.ListAccountsResponseObject, error) {
	scope, params := apikey.From(ctx).Scope, request.Params
	filter, err := accountFilter(params)
	if err != nil {
		return nil, err
	}
	page, err := pageOf(params.Limit, params.StartingAfter, params.EndingBefore)
	if err != nil {
		return nil, err
	}
	if filter.Session != "" {
		if err := s.requireSession(ctx, scope, filter.Session); err != nil {
			return nil, err
		}
	}
	rows, more, err := s.Store.ListAccounts(ctx, scope, filter, page)
	if errors.Is(err, store.ErrNoCursor) {
		return nil, noCursor(page, "account")
	}
	if err != nil {
		return nil, err
	}
	bodies := make([][]byte, len(rows))
	for i, row := range rows {
		if bodies[i], err = s.expandAccount(ctx, scope, row.Body, below(items(params.Expand), "data")); err != nil {
			return nil, err
		}
	}
	return accountJSON(wire.List(bodies, more, accountsPath)), nil
}

// accountFilter: an account holder by one of its ids, or a session, but not both (server-api 2.3).
func accountFilter(params gen.ListAccountsParams) (store.AccountFilter, error) {
	var filter store.AccountFilter
	var given []string
	if holder := params.AccountHolder; holder != nil {
		for _, by := range []struct {
			name string
			id   *string
		}{{"account", holder.Account}, {"customer", holder.Customer}, {"customer_account", holder.CustomerAccount}} {
			if by.id != nil {
				filter.Holder = by.name + ":" + *by.id
				given = append(given, "account_holder["+by.name+"]")
			}
		}
	}
	if params.Session != nil {
		filter.Session = *params.Session
		given = append(given, "session")
	}
	if len(given) > 1 {
		return filter, apierror.Exclusive(given...)
	}
	return filter, nil
}

// requireSession refuses a session in a parameter that does not exist.
func (s *Server) requireSession(ctx context.Context, scope store.Scope, session string) error {
	exists, err := s.Store.SessionExists(ctx, scope, session)
	if err != nil || exists {
		return err
	}
	elsewhere, err := s.Store.SessionExists(ctx, otherMode(scope), session)
	if err != nil {
		return err
	}
	return missing("session", session, "session", elsewhere, scope.Livemode)
}

// RetrieveAccount gives an account back (GET /v1/financial_connections/accounts/{account}).
func (s *Server) RetrieveAccount(ctx context.Context, request gen.RetrieveAccountRequestObject) (gen.RetrieveAccountResponseObject, error) {
	scope := apikey.From(ctx).Scope
	row, err := s.Store.Account(ctx, scope, request.Account)
	if err != nil {
		return nil, s.noAccount(ctx, err, scope, request.Account)
	}
	body, err := s.expandAccount(ctx, scope, row.Body, items(request.Params.Expand))
	if err != nil {
		return nil, err
	}
	return accountJSON(body), nil
}

// noAccount makes the API's error of an account that was not found, and leaves other errors as they are.
func (s *Server) noAccount(ctx context.Context, err error, scope store.Scope, id string) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	exists, err := s.Store.AccountExists(ctx, otherMode(scope), id)
	switch {
	case err != nil:
		return err
	case exists:
		return apierror.NoSuchInMode("account", id, "account", scope.Livemode)
	}
	return apierror.NoSuch("account", id, "account")
}

// DisconnectAccount ends the access to an account (POST …/accounts/{account}/disconnect).
func (s *Server) DisconnectAccount(ctx context.Context, request gen.DisconnectAccountRequestObject) (gen.DisconnectAccountResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return s.changeAccount(ctx, request.Account, items(params.Expand), func(ctx context.Context, tx *store.Tx, scope store.Scope) ([]byte, error) {
		return s.accounts.Disconnect(ctx, tx, s.Clock.Now(), scope, request.Account, s.cause(ctx))
	})
}

// RefreshAccount begins to fetch data anew (POST …/accounts/{account}/refresh).
func (s *Server) RefreshAccount(ctx context.Context, request gen.RefreshAccountRequestObject) (gen.RefreshAccountResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return s.changeAccount(ctx, request.Account, items(params.Expand), func(ctx context.Context, tx *store.Tx, scope store.Scope) ([]byte, error) {
		return s.accounts.Refresh(ctx, tx, s.Clock.Now(), scope, request.Account, params.Features, s.cause(ctx))
	})
}

// SubscribeAccount fetches data daily from now on (POST …/accounts/{account}/subscribe).
func (s *Server) SubscribeAccount(ctx context.Context, request gen.SubscribeAccountRequestObject) (gen.SubscribeAccountResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return s.changeAccount(ctx, request.Account, items(params.Expand), func(ctx context.Context, tx *store.Tx, scope store.Scope) ([]byte, error) {
		return s.accounts.Subscribe(ctx, tx, s.Clock.Now(), scope, request.Account, s.cause(ctx))
	})
}

// UnsubscribeAccount ends the daily refreshes (POST …/accounts/{account}/unsubscribe).
func (s *Server) UnsubscribeAccount(ctx context.Context, request gen.UnsubscribeAccountRequestObject) (gen.UnsubscribeAccountResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return s.changeAccount(ctx, request.Account, items(params.Expand), func(ctx context.Context, tx *store.Tx, scope store.Scope) ([]byte, error) {
		return s.accounts.Unsubscribe(ctx, tx, scope, request.Account)
	})
}

// changeAccount changes an account and answers with it. What the change made due begins at once.
func (s *Server) changeAccount(ctx context.Context, id string, expand []string,
	change func(context.Context, *store.Tx, store.Scope) ([]byte, error)) (accountJSON, error) {
	scope := apikey.From(ctx).Scope
	answer, err := s.write(ctx, func(ctx context.Context, tx *store.Tx) ([]byte, error) {
		changed, err := change(ctx, tx, scope)
		if errors.Is(err, store.ErrNotFound) {
			return nil, errNoAccount
		}
		if err != nil {
			return nil, err
		}
		return expandAccount(changed, expand, func(id string) (store.Ownership, error) { return tx.Ownership(ctx, scope, id) })
	})
	if errors.Is(err, errNoAccount) {
		return nil, s.remember(ctx, s.noAccount(ctx, store.ErrNotFound, scope, id))
	}
	s.due.Kick()
	return answer, err
}

var errNoAccount = errors.New("no such account")

// ListAccountOwners lists the owners of an ownership snapshot (GET …/accounts/{account}/owners).
func (s *Server) ListAccountOwners(ctx context.Context, request gen.ListAccountOwnersRequestObject) (gen.ListAccountOwnersResponseObject, error) {
	scope, params := apikey.From(ctx).Scope, request.Params
	page, err := pageOf(params.Limit, params.StartingAfter, params.EndingBefore)
	if err != nil {
		return nil, err
	}
	row, err := s.Store.Account(ctx, scope, request.Account)
	if err != nil {
		return nil, s.noAccount(ctx, err, scope, request.Account)
	}
	snapshot, err := s.Store.Ownership(ctx, scope, params.Ownership)
	if errors.Is(err, store.ErrNotFound) || err == nil && snapshot.Account != row.ID {
		return nil, missing("account_ownership", params.Ownership, "ownership", false, scope.Livemode)
	}
	if err != nil {
		return nil, err
	}
	if disconnected(row.Body) {
		return nil, account.Disconnected()
	}
	owners, more, err := ownersPage(snapshot.Body, page)
	if err != nil {
		return nil, err
	}
	path := fmt.Sprintf("/v1/financial_connections/accounts/%s/owners?ownership=%s", row.ID, url.QueryEscape(snapshot.ID))
	return accountJSON(wire.List(owners, more, path)), nil
}

// ownersPage is a part of a snapshot's owners, who are a handful: they are kept in the snapshot.
func ownersPage(snapshot []byte, page store.Page) (owners [][]byte, more bool, err error) {
	var ownership gen.AccountOwnership
	if err := json.Unmarshal(snapshot, &ownership); err != nil {
		return nil, false, fmt.Errorf("read a stored ownership: %w", err)
	}
	list := ownership.Owners.Data
	if cursor := page.After + page.Before; cursor != "" {
		at := slices.IndexFunc(list, func(owner gen.AccountOwner) bool { return owner.ID == cursor })
		if at < 0 {
			return nil, false, noCursor(page, "account_owner")
		}
		if page.After != "" {
			list = list[at+1:]
		} else {
			list = list[:at]
		}
	}
	if more = len(list) > page.Limit; more {
		if page.Before != "" {
			list = list[len(list)-page.Limit:]
		} else {
			list = list[:page.Limit]
		}
	}
	for _, owner := range list {
		body, err := wire.JSON(owner)
		if err != nil {
			return nil, false, err
		}
		owners = append(owners, body)
	}
	return owners, more, nil
}

// disconnected looks at a stored account, in which no text has a line's end.
func disconnected(accountBody []byte) bool { return bytes.Contains(accountBody, isDisconnected) }

var isDisconnected = []byte("\n  \"status\": \"" + string(gen.AccountStatusDisconnected) + "\"")

func (s *Server) expandAccount(ctx context.Context, scope store.Scope, stored []byte, paths []string) ([]byte, error) {
	return expandAccount(stored, paths, func(id string) (store.Ownership, error) { return s.Store.Ownership(ctx, scope, id) })
}

// expandAccount answers the properties that were asked for in full.
func expandAccount(stored []byte, paths []string, ownership func(id string) (store.Ownership, error)) ([]byte, error) {
	customer := slices.Contains(paths, "account_holder.customer")
	connected := slices.Contains(paths, "account_holder.account")
	owners := slices.ContainsFunc(paths, func(path string) bool { return path == "ownership" || strings.HasPrefix(path, "ownership.") })
	if !customer && !connected && !owners {
		return stored, nil
	}
	var expanded gen.Account
	if err := json.Unmarshal(stored, &expanded); err != nil {
		return nil, fmt.Errorf("read a stored account: %w", err)
	}
	if expanded.AccountHolder != nil {
		if err := expandHolder(expanded.AccountHolder, customer, connected, expanded.Created, expanded.Livemode); err != nil {
			return nil, err
		}
	}
	if owners {
		if err := expandOwnership(&expanded, ownership); err != nil {
			return nil, err
		}
	}
	return wire.JSON(expanded)
}

// expandOwnership puts the newest snapshot in the place of its id; without one the property stays null.
func expandOwnership(expanded *gen.Account, ownership func(id string) (store.Ownership, error)) error {
	id, err := expanded.Ownership.AsExpandableOwnership0()
	if err != nil || id == "" {
		return nil // null
	}
	kept, err := ownership(id)
	if err != nil {
		return fmt.Errorf("read an ownership: %w", err)
	}
	return expanded.Ownership.UnmarshalJSON(kept.Body)
}

// below gives the expand paths that go through a property, without it.
func below(paths []string, property string) []string {
	var inner []string
	for _, path := range paths {
		if rest, ok := strings.CutPrefix(path, property+"."); ok {
			inner = append(inner, rest)
		}
	}
	return inner
}
