package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
)

var accountTests = map[string]func(*testing.T, *store.Store){
	"accounts":               accounts,
	"accounts of a session":  sessionAccounts,
	"accounts, counting":     accountCounting,
	"authorizations":         authorizations,
	"ownerships":             ownerships,
	"settings":               settings,
	"nothing is kept as nil": empty,
}

func account(id, holder string) store.Account {
	return store.Account{ID: id, Holder: holder, Authorization: "fcauth_" + id[len(id)-1:], BankKey: "fcinst_1/" + id,
		Created: 1000, Body: []byte("body of " + id), State: []byte{0, 1, 255}}
}

func write(t *testing.T, s *store.Store, fn func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	require.NoError(t, s.Write(t.Context(), fn))
}

func insertAccounts(t *testing.T, s *store.Store, scope store.Scope, accounts ...store.Account) {
	t.Helper()
	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		for _, a := range accounts {
			if err := tx.InsertAccount(ctx, scope, a); err != nil {
				return err
			}
		}
		return nil
	})
}

func accounts(t *testing.T, s *store.Store) {
	first, second := account("fca_1", "customer:cus_1"), account("fca_2", "customer:cus_2")
	insertAccounts(t, s, scope, first, second)
	for _, a := range []store.Account{first, second} {
		got, err := s.Account(t.Context(), scope, a.ID)
		require.NoError(t, err)
		require.Equal(t, a, got)
		exists, err := s.AccountExists(t.Context(), scope, a.ID)
		require.NoError(t, err)
		require.True(t, exists)
	}
	for _, other := range []store.Scope{otherTenant, otherMode} {
		_, err := s.Account(t.Context(), other, "fca_1")
		require.ErrorIs(t, err, store.ErrNotFound)
		exists, err := s.AccountExists(t.Context(), other, "fca_1")
		require.NoError(t, err)
		require.False(t, exists)
		require.ErrorIs(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.UpdateAccount(ctx, other, "fca_1", nil, nil)
		}), store.ErrNotFound)
	}

	sameBank := account("fca_3", "customer:cus_1")
	sameBank.BankKey = first.BankKey
	for _, taken := range []store.Account{account("fca_1", "customer:cus_3"), sameBank} {
		require.ErrorIs(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertAccount(ctx, scope, taken)
		}), store.ErrExists)
	}

	third := account("fca_31", "account:acct_1") // of the same authorization as the first
	insertAccounts(t, s, scope, third)
	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		first.Body, first.State = []byte("new"), []byte("newer")
		if err := tx.UpdateAccount(ctx, scope, "fca_1", first.Body, first.State); err != nil {
			return err
		}
		got, err := tx.Account(ctx, scope, "fca_1")
		require.NoError(t, err)
		require.Equal(t, first, got)
		got, err = tx.AccountByBank(ctx, scope, "customer:cus_1", first.BankKey)
		require.NoError(t, err)
		require.Equal(t, first, got)
		_, err = tx.AccountByBank(ctx, scope, "customer:cus_2", first.BankKey)
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = tx.AccountByBank(ctx, otherMode, "customer:cus_1", first.BankKey)
		require.ErrorIs(t, err, store.ErrNotFound)
		rows, err := tx.AccountsOfAuthorization(ctx, scope, "fcauth_1")
		require.NoError(t, err)
		require.Equal(t, []store.Account{third, first}, rows)
		return nil
	})
	rows, more, err := s.ListAccounts(t.Context(), scope, store.AccountFilter{}, store.Page{Limit: 2})
	require.NoError(t, err)
	require.True(t, more)
	require.Equal(t, []store.Account{third, second}, rows)
	rows, more, err = s.ListAccounts(t.Context(), scope, store.AccountFilter{Holder: "\xff"}, store.Page{Limit: 2})
	require.NoError(t, err)
	require.False(t, more)
	require.Empty(t, rows)
}

func sessionAccounts(t *testing.T, s *store.Store) {
	insertAccounts(t, s, scope, account("fca_1", "h"), account("fca_2", "h"), account("fca_3", "h"))
	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		for _, id := range []string{"fca_2", "fca_1", "fca_2", "fca_3"} { // twice is no error
			if err := tx.AddSessionAccount(ctx, scope, "fcsess_1", id); err != nil {
				return err
			}
		}
		rows, err := tx.SessionAccounts(ctx, scope, "fcsess_1", 100)
		require.NoError(t, err)
		require.Equal(t, []string{"fca_3", "fca_2", "fca_1"}, accountIDs(rows))
		return tx.AddSessionAccount(ctx, scope, "fcsess_2", "fca_1")
	})
	rows, err := s.SessionAccounts(t.Context(), scope, "fcsess_1", 2)
	require.NoError(t, err)
	require.Equal(t, []store.Account{account("fca_3", "h"), account("fca_2", "h")}, rows)
	for _, session := range []string{"fcsess_3", "\x00"} {
		rows, err = s.SessionAccounts(t.Context(), scope, session, 2)
		require.NoError(t, err)
		require.Empty(t, rows)
	}
	rows, err = s.SessionAccounts(t.Context(), otherMode, "fcsess_1", 2)
	require.NoError(t, err)
	require.Empty(t, rows)
}

// accountCounting: what a transaction has read of an account holds until it writes.
func accountCounting(t *testing.T, s *store.Store) {
	a := account("fca_1", "h")
	a.State = []byte("0")
	insertAccounts(t, s, scope, a)
	const goroutines, each = 8, 5
	var wg sync.WaitGroup
	errs := make(chan error, goroutines*each)
	for range goroutines {
		wg.Go(func() {
			for range each {
				errs <- s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					a, err := tx.AccountByBank(ctx, scope, "h", a.BankKey)
					if err != nil {
						return err
					}
					var n int
					if _, err := fmt.Sscan(string(a.State), &n); err != nil {
						return err
					}
					return tx.UpdateAccount(ctx, scope, a.ID, a.Body, fmt.Append(nil, n+1))
				})
			}
		})
	}
	wg.Wait()
	for range goroutines * each {
		require.NoError(t, <-errs)
	}
	got, err := s.Account(t.Context(), scope, "fca_1")
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(goroutines*each), string(got.State))
}

func authorizations(t *testing.T, s *store.Store) {
	a := store.Authorization{ID: "fcauth_1", Holder: "customer:cus_1", Institution: "fcinst_1", Subject: "anna",
		Body: []byte("{}"), Grant: []byte{0, 255}, State: []byte("state")}
	insert := func(scope store.Scope, a store.Authorization) error {
		return s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.InsertAuthorization(ctx, scope, a) })
	}
	require.NoError(t, insert(scope, a))
	sameHolder := a
	sameHolder.ID = "fcauth_2"
	require.ErrorIs(t, insert(scope, sameHolder), store.ErrExists)
	sameHolder.Subject = "bert"
	require.NoError(t, insert(scope, sameHolder))
	require.NoError(t, insert(otherMode, a))

	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		got, err := tx.AuthorizationByHolder(ctx, scope, a.Holder, a.Institution, a.Subject)
		require.NoError(t, err)
		require.Equal(t, a, got)
		_, err = tx.AuthorizationByHolder(ctx, scope, a.Holder, a.Institution, "carl")
		require.ErrorIs(t, err, store.ErrNotFound)
		a.Body, a.Grant, a.State = []byte("1"), []byte("2"), []byte("3")
		if err := tx.UpdateAuthorization(ctx, scope, a.ID, a.Body, a.Grant, a.State); err != nil {
			return err
		}
		got, err = tx.Authorization(ctx, scope, a.ID)
		require.NoError(t, err)
		require.Equal(t, a, got)
		return nil
	})
	got, err := s.Authorization(t.Context(), scope, a.ID)
	require.NoError(t, err)
	require.Equal(t, a, got)
	_, err = s.Authorization(t.Context(), otherTenant, a.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.ErrorIs(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.UpdateAuthorization(ctx, otherTenant, a.ID, nil, nil, nil)
	}), store.ErrNotFound)
}

func ownerships(t *testing.T, s *store.Store) {
	o := store.Ownership{ID: "fcaown_1", Account: "fca_1", Body: []byte(`{ "owners" : [] }`)}
	insert := func(o store.Ownership) error {
		return s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.InsertOwnership(ctx, scope, o) })
	}
	require.NoError(t, insert(o))
	require.ErrorIs(t, insert(o), store.ErrExists)
	got, err := s.Ownership(t.Context(), scope, o.ID)
	require.NoError(t, err)
	require.Equal(t, o, got)
	for _, id := range []string{"fcaown_2", "\xff"} {
		_, err = s.Ownership(t.Context(), scope, id)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	_, err = s.Ownership(t.Context(), otherMode, o.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
}

func settings(t *testing.T, s *store.Store) {
	_, err := s.Setting(t.Context(), "clock")
	require.ErrorIs(t, err, store.ErrNotFound)
	for _, value := range []string{"1", "\x00\xff", "2"} {
		write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.SetSetting(ctx, "clock", []byte(value)) })
		got, err := s.Setting(t.Context(), "clock")
		require.NoError(t, err)
		require.Equal(t, value, string(got))
	}
}

func empty(t *testing.T, s *store.Store) {
	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		for _, err := range []error{
			tx.InsertAccount(ctx, scope, store.Account{ID: "fca_1"}),
			tx.InsertAuthorization(ctx, scope, store.Authorization{ID: "fcauth_1"}),
			tx.InsertOwnership(ctx, scope, store.Ownership{ID: "fcaown_1"}),
			tx.PutTransactions(ctx, scope, "fca_1", []store.Transaction{{ID: "fctxn_1"}}),
			tx.PutTransactions(ctx, scope, "fca_1", nil),
			tx.InsertEvent(ctx, scope, store.Event{ID: "evt_1"}),
			tx.InsertWebhookEndpoint(ctx, scope, store.WebhookEndpoint{ID: "we_1"}),
			tx.InsertDue(ctx, store.Due{Scope: scope}),
			tx.SetSetting(ctx, "setting", nil),
		} {
			require.NoError(t, err)
		}
		return nil
	})
	a, err := s.Account(t.Context(), scope, "fca_1")
	require.NoError(t, err)
	require.Empty(t, a.State)
	e, err := s.WebhookEndpoint(t.Context(), scope, "we_1")
	require.NoError(t, err)
	require.Empty(t, e.Events)
	require.Empty(t, e.Secret)
	claimed, err := s.ClaimDue(t.Context(), 1, 2, 1)
	require.NoError(t, err)
	require.Empty(t, claimed[0].Payload)
}
