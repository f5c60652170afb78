package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/gen"
	"fincon/impl/account"
	"fincon/impl/apikey"
	"fincon/impl/bank"
	"fincon/impl/event"
	"fincon/impl/store"
)

// Scope is the tenant and mode that a key names on an open server.
func Scope(t testing.TB, key string) store.Scope {
	t.Helper()
	found, err := scope(t.Context(), key, "")
	require.NoError(t, err)
	return found
}

func scope(ctx context.Context, key, connectedAccount string) (store.Scope, error) {
	header := http.Header{"Authorization": {"Bearer " + key}}
	if connectedAccount != "" {
		header.Set("Stripe-Account", connectedAccount)
	}
	caller, err := apikey.Open().Caller(ctx, header)
	return caller.Scope, err
}

// Link links accounts of a test institution in a session, as a person would, and gives back their ids; all accounts when
// none is named.
func (s *Server) Link(t testing.TB, key, session, institution string, names ...string) []string {
	t.Helper()
	return s.LinkFor(t, key, "", session, institution, names...)
}

// LinkFor is Link in a session of a connected account (acct_…).
func (s *Server) LinkFor(t testing.TB, key, connectedAccount, session, institution string, names ...string) []string {
	t.Helper()
	found, err := scope(t.Context(), key, connectedAccount)
	require.NoError(t, err)
	ids, err := s.link(t.Context(), found, session, institution, names)
	require.NoError(t, err)
	return ids
}

func (s *Server) link(ctx context.Context, scope store.Scope, session, institutionID string,
	names []string) (ids []string, err error) {
	institution, connector, ok := s.Banks.Institution(institutionID)
	if !ok {
		return nil, fmt.Errorf("there is no institution %s", institutionID)
	}
	object, err := s.sessionObject(ctx, scope, session)
	if err != nil {
		return nil, err
	}
	grant, err := s.signIn(ctx, scope, connector, institutionID, object)
	if err != nil {
		return nil, err
	}
	offered, err := connector.Accounts(ctx, bank.Connection{Grant: grant}, "")
	if err != nil {
		return nil, err
	}
	chosen := slices.DeleteFunc(offered.Items, func(a bank.Account) bool {
		return len(names) > 0 && !slices.Contains(names, a.Name)
	})
	if len(chosen) != len(names) && len(names) > 0 {
		return nil, fmt.Errorf("not all of these are offered: %q", names)
	}
	choice := account.Choice{Scope: scope, Session: object, Institution: institution, Grant: grant, Accounts: chosen}
	err = s.Accounts().Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		ids, err = s.choose(ctx, tx, choice)
		return err
	})
	s.Due().Kick()
	return ids, err
}

func (s *Server) sessionObject(ctx context.Context, scope store.Scope, session string) (*gen.Session, error) {
	body, err := s.Store.Session(ctx, scope, session)
	if err != nil {
		return nil, err
	}
	object := new(gen.Session)
	return object, json.Unmarshal(body, object)
}

// signIn is the person's consent at the bank: the first one, or one more to renew it.
func (s *Server) signIn(ctx context.Context, scope store.Scope, connector bank.Connector, institution string,
	session *gen.Session) (bank.Grant, error) {
	subject, err := account.Subject(scope, session)
	if err != nil {
		return bank.Grant{}, err
	}
	grant := connector.(interface {
		Grant(institution, subject string) bank.Grant
	}).Grant(institution, subject)
	return s.Accounts().Renew(ctx, scope, session, grant)
}

// choose links the accounts and ends the flow.
func (s *Server) choose(ctx context.Context, tx *store.Tx, choice account.Choice) (ids []string, err error) {
	now := s.Clock.Now()
	linked, err := s.Accounts().Link(ctx, tx, now, choice)
	if err != nil {
		return nil, err
	}
	for _, row := range linked {
		ids = append(ids, row.ID)
	}
	return ids, s.Accounts().Complete(ctx, tx, now, choice.Scope, choice.Session.ID, event.Request{})
}
