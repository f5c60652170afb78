package account

import (
	"context"

	"fincon/impl/bank"
	"fincon/impl/store"
)

// Numbers asks the bank for what payments to a linked account are sent to. They are secret. Errors are *bank.Error, the
// context's when it ended first, and store.ErrNotFound.
func (a *Accounts) Numbers(ctx context.Context, scope store.Scope, accountID string) ([]bank.Number, error) {
	row, err := a.store.Account(ctx, scope, accountID)
	if err != nil {
		return nil, err
	}
	r, connector, connection, err := a.connect(ctx, scope, row)
	if err != nil {
		return nil, err
	}
	return connector.Numbers(ctx, connection, r.state.BankAccountID)
}
