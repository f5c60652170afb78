package impl

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"fincon/gen"
	"fincon/impl/account"
	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/store"
	"fincon/impl/wire"
)

const transactionsPath = "/v1/financial_connections/transactions"

// transactionJSON is a transaction as it is served.
type transactionJSON []byte

func (b transactionJSON) VisitRetrieveTransactionResponse(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, b)
	return nil
}

// transactionList is a page of transactions, as they stand in it.
type transactionList struct {
	listed [][]byte
	more   bool
}

func (l transactionList) VisitListTransactionsResponse(w http.ResponseWriter) error {
	page := pageBuffers.Get().(*[]byte)
	defer pageBuffers.Put(page)
	*page = wire.AppendList((*page)[:0], l.listed, l.more, transactionsPath)
	writeJSON(w, http.StatusOK, *page)
	return nil
}

// pageBuffers spare the collector the largest answers there are.
var pageBuffers = sync.Pool{New: func() any { return new([]byte) }}

// ListTransactions lists an account's transactions (GET /v1/financial_connections/transactions).
func (s *Server) ListTransactions(ctx context.Context, request gen.ListTransactionsRequestObject) (gen.ListTransactionsResponseObject, error) {
	scope, params := apikey.From(ctx).Scope, request.Params
	page, err := pageOf(params.Limit, params.StartingAfter, params.EndingBefore)
	if err != nil {
		return nil, err
	}
	filter := store.TransactionFilter{Account: params.Account}
	if filter.From, filter.To, err = timeRange(params.TransactedAt); err != nil {
		return nil, err
	}
	if err := s.requireTransactions(ctx, scope, params.Account); err != nil {
		return nil, err
	}
	if params.TransactionRefresh != nil {
		if filter.AfterSequence, err = s.sequenceOf(ctx, scope, params.Account, params.TransactionRefresh.After); err != nil {
			return nil, err
		}
	}
	bodies, more, err := s.Store.ListTransactionBodies(ctx, scope, filter, page)
	if errors.Is(err, store.ErrNoCursor) {
		return nil, noCursor(page, "transaction")
	}
	if err != nil {
		return nil, err
	}
	return transactionList{bodies, more}, nil
}

// requireTransactions refuses accounts whose transactions cannot be read: there is no such account, the permission was not
// granted, nothing was fetched yet, or it is disconnected (server-api 2.8).
func (s *Server) requireTransactions(ctx context.Context, scope store.Scope, accountID string) error {
	row, err := s.Store.Account(ctx, scope, accountID)
	if errors.Is(err, store.ErrNotFound) {
		elsewhere, err := s.Store.AccountExists(ctx, otherMode(scope), accountID)
		if err != nil {
			return err
		}
		return missing("account", accountID, "account", elsewhere, scope.Livemode)
	}
	if err != nil {
		return err
	}
	if disconnected(row.Body) {
		return account.Disconnected()
	}
	if !account.HasTransactions(row) {
		return apierror.Invalid("", "No transaction refresh of this account has succeeded yet. Refresh its transactions and "+
			"wait for the event financial_connections.account.refreshed_transactions.").
			WithCode("financial_connections_no_successful_transaction_refresh")
	}
	return nil
}

// sequenceOf is the place of a refresh among those of its account.
func (s *Server) sequenceOf(ctx context.Context, scope store.Scope, accountID, refresh string) (*int64, error) {
	found, err := s.Store.TransactionRefresh(ctx, scope, refresh)
	if errors.Is(err, store.ErrNotFound) || err == nil && found.Account != accountID {
		return nil, missing("transaction_refresh", refresh, "transaction_refresh[after]", false, scope.Livemode)
	}
	if err != nil {
		return nil, err
	}
	return &found.Sequence, nil
}

// RetrieveTransaction gives a transaction back (GET /v1/financial_connections/transactions/{transaction}).
func (s *Server) RetrieveTransaction(ctx context.Context, request gen.RetrieveTransactionRequestObject) (gen.RetrieveTransactionResponseObject, error) {
	scope, id := apikey.From(ctx).Scope, request.Transaction
	found, err := s.Store.Transaction(ctx, scope, id)
	if errors.Is(err, store.ErrNotFound) {
		other, err := s.Store.TransactionExists(ctx, otherMode(scope), id)
		switch {
		case err != nil:
			return nil, err
		case other:
			return nil, apierror.NoSuchInMode("transaction", id, "transaction", scope.Livemode)
		}
		return nil, apierror.NoSuch("transaction", id, "transaction")
	}
	if err != nil {
		return nil, err
	}
	row, err := s.Store.Account(ctx, scope, found.Account)
	if err != nil {
		return nil, err
	}
	if disconnected(row.Body) {
		return nil, account.Disconnected()
	}
	return transactionJSON(wire.Alone(found.Body)), nil
}
