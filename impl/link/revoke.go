package link

import (
	"context"
	"encoding/json"
	"errors"

	"fincon/impl/account"
	"fincon/impl/bank"
	"fincon/impl/id"
	"fincon/impl/store"
)

// revokeKind tells a bank that a grant is not wanted, because nothing was linked of it. Key: sign-in.
const revokeKind = "link.revoke"

// revocation is what it must know.
type revocation struct {
	Session     string `json:"session"`
	Institution string `json:"institution"`
	Sealed      []byte `json:"sealed"` // the grant
}

// discard makes the revocation due of a grant of which nothing was linked.
func (f *Flows) discard(ctx context.Context, tx *store.Tx, w *flow, s *signIn) error {
	granted := w.secrets[s.ID].Grant
	if granted == nil {
		return nil
	}
	plain, err := json.Marshal(granted)
	if err != nil {
		return errors.New("encode a grant")
	}
	sealed, err := f.Vault.Seal(plain)
	if err != nil {
		return err
	}
	payload, err := json.Marshal(revocation{Session: w.place.session, Institution: s.Institution, Sealed: sealed})
	if err != nil {
		return err
	}
	return tx.InsertDue(ctx, store.Due{
		Scope: w.Scope, ID: id.New("due_", w.now), Kind: revokeKind, Key: s.ID, DueAt: w.now.Unix(), Payload: payload,
	})
}

// runRevoke is best effort: a bank that refuses is not asked again. A person of whom accounts are linked there already
// keeps the grant, for to some banks all grants of a person are one.
func (f *Flows) runRevoke(ctx context.Context, work store.Due) error {
	granted, err := f.unwanted(ctx, work)
	if err != nil {
		return err
	}
	if granted != nil {
		_, connector, ok := f.Banks.Institution(granted.Institution)
		if ok {
			err := connector.Revoke(ctx, bank.Connection{Grant: *granted})
			if err != nil && bank.KindOf(err) == "" {
				return err
			}
		}
	}
	return f.drop(ctx, work)
}

// unwanted is the grant to revoke, nil if there is none.
func (f *Flows) unwanted(ctx context.Context, work store.Due) (*bank.Grant, error) {
	var todo revocation
	if err := json.Unmarshal(work.Payload, &todo); err != nil {
		return nil, err
	}
	plain, err := f.Vault.Open(todo.Sealed)
	if err != nil {
		return nil, nil // the key has changed: there is nothing left to revoke with
	}
	granted := new(bank.Grant)
	if json.Unmarshal(plain, granted) != nil {
		return nil, errors.New("a stored grant cannot be read")
	}
	w, err := f.read(ctx, place{work.Scope, todo.Session})
	if errors.Is(err, store.ErrNotFound) {
		return granted, nil
	}
	if err != nil {
		return nil, err
	}
	holder, err := account.Holder(w.session.AccountHolder)
	if err != nil {
		return nil, err
	}
	err = f.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.AuthorizationByHolder(ctx, work.Scope, holder, granted.Institution, granted.Subject)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return granted, nil
	case err != nil:
		return nil, err
	}
	return nil, nil
}
