package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
)

var tenantTests = map[string]func(*testing.T, *store.Store){
	"resetting a tenant":                 reset,
	"resetting a tenant, and then a row": resetAndInsert,
	"resetting a tenant that fails":      resetFails,
}

// seed writes something of each kind. Ids end with the tenant's name.
func seed(t *testing.T, s *store.Store, scope store.Scope) {
	t.Helper()
	of := scope.Tenant
	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(
			tx.InsertSession(ctx, scope, session("fcsess_"+of, "body")),
			tx.SaveIdempotent(ctx, scope, result("key", "body", 1000), 0),
			tx.InsertAccount(ctx, scope, account("fca_"+of, "h")),
			tx.AddSessionAccount(ctx, scope, "fcsess_"+of, "fca_"+of),
			tx.InsertAuthorization(ctx, scope, store.Authorization{ID: "fcauth_" + of}),
			tx.InsertOwnership(ctx, scope, store.Ownership{ID: "fcaown_" + of}),
			tx.PutTransactions(ctx, scope, "fca_"+of, []store.Transaction{transaction("fctxn_"+of, 1000, 1)}),
			tx.InsertTransactionRefresh(ctx, scope, store.TransactionRefresh{ID: "fctxnref_" + of}),
			tx.InsertEvent(ctx, scope, event("evt_"+of, 1000, 1)),
			tx.InsertWebhookEndpoint(ctx, scope, store.WebhookEndpoint{ID: "we_" + of}),
			tx.InsertDelivery(ctx, scope, "evt_"+of, "we_"+of, 1000),
			tx.InsertDue(ctx, work(scope, "1", 1000)),
			tx.PutFlow(ctx, scope, store.Flow{Session: "fcsess_" + of}),
		)
	})
}

// remains tells what there is of what seed wrote.
func remains(t *testing.T, s *store.Store, scope store.Scope) (kinds []string) {
	t.Helper()
	ctx, of := t.Context(), scope.Tenant
	find := func(kind string, err error) {
		if err == nil {
			kinds = append(kinds, kind)
		} else {
			require.ErrorIs(t, err, store.ErrNotFound)
		}
	}
	_, err := s.Session(ctx, scope, "fcsess_"+of)
	find("session", err)
	_, err = s.Idempotent(ctx, scope, "key")
	find("idempotent result", err)
	_, err = s.Account(ctx, scope, "fca_"+of)
	find("account", err)
	_, err = s.Authorization(ctx, scope, "fcauth_"+of)
	find("authorization", err)
	_, err = s.Ownership(ctx, scope, "fcaown_"+of)
	find("ownership", err)
	_, err = s.Transaction(ctx, scope, "fctxn_"+of)
	find("transaction", err)
	_, err = s.TransactionRefresh(ctx, scope, "fctxnref_"+of)
	find("transaction refresh", err)
	_, err = s.Event(ctx, scope, "evt_"+of)
	find("event", err)
	_, err = s.WebhookEndpoint(ctx, scope, "we_"+of)
	find("webhook endpoint", err)
	_, err = s.Flow(ctx, scope, "fcsess_"+of)
	find("flow", err)
	keys, err := s.EndpointsWithDueDeliveries(ctx, 1000)
	require.NoError(t, err)
	for _, key := range keys {
		if key.Scope == scope {
			kinds = append(kinds, "delivery")
		}
	}
	return kinds
}

func resetTenant(ctx context.Context, s *store.Store, tenant string) error {
	return s.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.ResetTenant(ctx, tenant) })
}

func reset(t *testing.T, s *store.Store) {
	gone := []store.Scope{scope, otherMode, {Tenant: "one/acct_1"}, {Tenant: "one/acct_zz", Livemode: true}}
	stay := []store.Scope{{Tenant: "on"}, {Tenant: "One"}, {Tenant: "one "}, {Tenant: "one1"}, {Tenant: "one/other"},
		{Tenant: "one_acct_1"}, {Tenant: "two/acct_1"}, otherTenant}
	for _, scope := range append(gone, stay...) {
		seed(t, s, scope)
		require.Len(t, remains(t, s, scope), 11)
	}
	require.NoError(t, s.InsertAPIKey(t.Context(), store.APIKey{Hash: []byte{1}, Tenant: "one"}))
	require.NoError(t, resetTenant(t.Context(), s, "one"))
	for _, scope := range gone {
		require.Empty(t, remains(t, s, scope), scope)
	}
	for _, scope := range stay {
		require.Len(t, remains(t, s, scope), 11, scope)
	}
	claimed, err := s.ClaimDue(t.Context(), 1000, 2000, 100)
	require.NoError(t, err)
	require.Len(t, claimed, len(stay))
	_, err = s.APIKeyByHash(t.Context(), []byte{1})
	require.NoError(t, err)
	seed(t, s, scope) // and all of it can be there again
	require.Len(t, remains(t, s, scope), 11)
}

func resetAndInsert(t *testing.T, s *store.Store) {
	insert(t, s, scope, "fcsess_1", "old")
	insert(t, s, scope, "fcsess_2", "old")
	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.ResetTenant(ctx, "one"); err != nil {
			return err
		}
		return tx.InsertSession(ctx, scope, session("fcsess_1", "new"))
	})
	requireBody(t, s, scope, "fcsess_1", "new")
	requireNone(t, s, scope, "fcsess_2")
}

func resetFails(t *testing.T, s *store.Store) {
	insert(t, s, scope, "fcsess_old", "old")
	require.ErrorIs(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		if err := tx.ResetTenant(ctx, "one"); err != nil {
			return err
		}
		return errExpected
	}), errExpected)
	requireOld(t, s)
}
