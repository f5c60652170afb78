package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"fincon/impl/bank"
	"fincon/impl/store"
)

// authorizationState is what is known of an authorization and never served.
type authorizationState struct {
	Announced int64 `json:"announced,omitempty"` // the end that was announced, in Unix seconds
	// Renewing is until when one server has its tokens exchanged, in milliseconds of the machine's Unix time.
	Renewing int64 `json:"renewing,omitempty"`
}

func readAuthorization(row store.Authorization) (state authorizationState, err error) {
	if err := json.Unmarshal(row.State, &state); err != nil {
		return state, fmt.Errorf("read a stored authorization's state: %w", err)
	}
	return state, nil
}

func (a *Accounts) seal(grant bank.Grant) ([]byte, error) {
	plain, err := json.Marshal(grant)
	if err != nil {
		return nil, fmt.Errorf("encode a grant: %w", err)
	}
	return a.vault.Seal(plain)
}

func (a *Accounts) open(sealed []byte) (bank.Grant, error) {
	var grant bank.Grant
	plain, err := a.vault.Open(sealed)
	if err != nil {
		return grant, fmt.Errorf("open a grant: %w", err)
	}
	if err := json.Unmarshal(plain, &grant); err != nil {
		return grant, errors.New("a stored grant cannot be read")
	}
	return grant, nil
}

const (
	// exchangePatience is how long a bank may take to exchange tokens. Whoever claimed to do that may be dead after it.
	exchangePatience = 30 * time.Second
	exchangePause    = 20 * time.Millisecond // between two looks whether somebody else is done
)

// Finish waits for the tokens that banks have been asked for and that are not kept yet: nobody could use the grant without
// them. That takes half a minute at most.
func (a *Accounts) Finish() { a.exchanging.Wait() }

// renewal is a connection's Renew for an authorization, of which used is the grant as it was read.
func (a *Accounts) renewal(scope store.Scope, authorization string, used bank.Grant) func(context.Context, bank.Exchange) (bank.Grant, error) {
	r := renewal{a, scope, authorization}
	return func(ctx context.Context, exchange bank.Exchange) (bank.Grant, error) {
		for {
			kept, claimed, err := r.claim(ctx, used)
			switch {
			case err != nil:
				return bank.Grant{}, err
			case claimed:
				return r.exchange(ctx, kept, exchange)
			case !sameTokens(kept, used):
				return kept, nil
			}
			select {
			case <-ctx.Done():
				return bank.Grant{}, ctx.Err()
			case <-time.After(exchangePause):
			}
		}
	}
}

func sameTokens(a, b bank.Grant) bool {
	return a.AccessToken == b.AccessToken && a.RefreshToken == b.RefreshToken
}

// renewal is the exchange of one authorization's tokens.
type renewal struct {
	*Accounts
	scope         store.Scope
	authorization string
}

// change changes the authorization in a transaction of its own; nothing is written when change says so.
func (r renewal) change(ctx context.Context, change func(*bank.Grant, *authorizationState) (bool, error)) error {
	return r.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		row, err := tx.Authorization(ctx, r.scope, r.authorization)
		if err != nil {
			return err
		}
		grant, err := r.open(row.Grant)
		if err != nil {
			return err
		}
		state, err := readAuthorization(row)
		if err != nil {
			return err
		}
		if changed, err := change(&grant, &state); err != nil || !changed {
			return err
		}
		if row.Grant, err = r.seal(grant); err != nil {
			return err
		}
		if row.State, err = json.Marshal(state); err != nil {
			return err
		}
		return tx.UpdateAuthorization(ctx, r.scope, r.authorization, row.Body, row.Grant, row.State)
	})
}

// claim reads the grant as it is now. If its tokens are still those that were used, and nobody is exchanging them, the
// caller may.
func (r renewal) claim(ctx context.Context, used bank.Grant) (kept bank.Grant, claimed bool, err error) {
	err = r.change(ctx, func(grant *bank.Grant, state *authorizationState) (bool, error) {
		now := time.Now()
		kept = *grant
		if claimed = sameTokens(kept, used) && state.Renewing <= now.UnixMilli(); claimed {
			state.Renewing = now.Add(exchangePatience).UnixMilli()
		}
		return claimed, nil
	})
	return kept, claimed, err
}

// exchange asks the bank, and keeps its answer even if the caller is gone by then: the old tokens may be void.
func (r renewal) exchange(ctx context.Context, kept bank.Grant, exchange bank.Exchange) (bank.Grant, error) {
	type outcome struct {
		grant bank.Grant
		err   error
	}
	done := make(chan outcome, 1)
	r.exchanging.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exchangePatience)
		defer cancel()
		received, err := exchange(ctx, kept)
		grant, keepErr := r.keep(context.WithoutCancel(ctx), kept, received, err == nil)
		done <- outcome{grant, errors.Join(err, keepErr)}
	})
	select {
	case o := <-done:
		return o.grant, o.err
	case <-ctx.Done():
		return bank.Grant{}, ctx.Err()
	}
}

// keep ends the claim, and writes the tokens that were received into the grant as it is now: how often it was repaired, and
// when accounts were linked with it, may have changed. A grant of a sign-in that came meanwhile stays.
func (r renewal) keep(ctx context.Context, before, received bank.Grant, exchanged bool) (kept bank.Grant, err error) {
	err = r.change(ctx, func(grant *bank.Grant, state *authorizationState) (bool, error) {
		state.Renewing = 0
		if exchanged && sameTokens(*grant, before) {
			grant.AccessToken, grant.RefreshToken = received.AccessToken, received.RefreshToken
			grant.Expiry, grant.RefreshExpiry = received.Expiry, received.RefreshExpiry
			grant.Scope = received.Scope
		}
		kept = *grant
		return true, nil
	})
	if err != nil {
		return bank.Grant{}, fmt.Errorf("keep a renewed grant: %w", err)
	}
	return kept, nil
}
