// Package sandbox is the test institutions. It keeps nothing: what a person has at one is a function of the institution,
// who the person is, when they signed in, and the time. The same question has the same answer in every process.
package sandbox

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fincon/impl/bank"
	"fincon/impl/id"
)

// pageSize is how many transactions a page holds.
const pageSize = 100

// Bank is the bank behind all test institutions.
type Bank struct {
	now  func() time.Time
	auth AuthServer // nil: nobody signs in by OAuth
}

var _ bank.Connector = (*Bank)(nil)

// New makes the bank, whose time is that of now.
func New(now func() time.Time, options ...Option) *Bank {
	b := &Bank{now: now}
	for _, option := range options {
		option(b)
	}
	return b
}

// Grant is what a sign-in now results in: a grant with random tokens, and with the accounts, numbers, owners and
// transactions that belong to the subject at the institution. Any text is a subject.
func (b *Bank) Grant(institution, subject string) bank.Grant {
	return bank.Grant{
		Institution:  institution,
		Subject:      subject,
		AccessToken:  id.Secret("sandbox_access_"),
		RefreshToken: id.Secret("sandbox_refresh_"),
		Scope:        "accounts balances owners payment_networks transactions",
		ConsentID:    id.Secret("sandbox_consent_"),
		Created:      b.now().UTC(),
	}
}

// Institutions are all test institutions, in the order in which to show them.
func (b *Bank) Institutions(context.Context) []bank.Institution { return slices.Clone(institutions) }

// Available fails for the institutions that are down, and for those that do not exist.
func (b *Bank) Available(ctx context.Context, institution string, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch institution {
	case DownScheduled:
		// Maintenance ends on the hour, and always at least an hour from now.
		ends := now.UTC().Truncate(time.Hour).Add(2 * time.Hour)
		return &bank.Error{Kind: bank.KindUnavailable, ExpectedAt: ends, Err: errors.New("scheduled maintenance")}
	case DownUnscheduled:
		return &bank.Error{Kind: bank.KindUnavailable, Err: errors.New("no answer")}
	case DownError:
		return &bank.Error{Kind: bank.KindBroken, Err: errors.New("an answer that makes no sense")}
	}
	if _, ok := blueprints[institution]; !ok {
		return badRequest("no test institution has the id %q", institution)
	}
	return nil
}

// Accounts are on one page.
func (b *Bank) Accounts(ctx context.Context, connection bank.Connection, cursor string) (bank.Page[bank.Account], error) {
	now := b.now()
	accounts, err := b.shared(ctx, connection, now)
	if err != nil {
		return bank.Page[bank.Account]{}, err
	}
	if cursor != "" {
		return bank.Page[bank.Account]{}, badRequest("no page of accounts has this cursor")
	}
	page := bank.Page[bank.Account]{Items: make([]bank.Account, len(accounts))}
	for i, a := range accounts {
		page.Items[i] = a.describe(connection.Grant, now)
	}
	return page, nil
}

// Account is one of them.
func (b *Bank) Account(ctx context.Context, connection bank.Connection, accountID string) (bank.Account, error) {
	now := b.now()
	a, err := b.account(ctx, connection, accountID, now)
	if err != nil {
		return bank.Account{}, err
	}
	return a.describe(connection.Grant, now), nil
}

// Balance is that of now: the opening balance and all that has been posted since.
func (b *Bank) Balance(ctx context.Context, connection bank.Connection, accountID string) (bank.Balance, error) {
	now := b.now()
	a, err := b.active(ctx, connection, accountID, now)
	if err != nil {
		return bank.Balance{}, err
	}
	if a.plan == nil {
		return bank.Balance{}, unsupported("this account has no balance")
	}
	posted, held := a.balance(now)
	balance := bank.Balance{AsOf: now.UTC().Truncate(time.Second), Currency: currency, Type: bank.BalanceCash, Current: posted}
	switch {
	case a.plan == cardPlan || a.plan == linePlan:
		used := min(posted, 0)
		balance.Type, balance.Used = bank.BalanceCredit, &used
	case a.category == bank.CategoryCredit:
		balance.Type = bank.BalanceCredit // a loan has no line to use
	default:
		available := posted + held
		if a.category == bank.CategoryInvestment {
			available -= a.opening * 9 / 10 // in shares
		}
		balance.Available = &available
	}
	return balance, nil
}

// Opening is an account's balance at the Epoch, in cents: with what was posted since, it is the balance.
func (b *Bank) Opening(ctx context.Context, connection bank.Connection, accountID string) (int64, error) {
	a, err := b.account(ctx, connection, accountID, b.now())
	if err != nil {
		return 0, err
	}
	return a.opening, nil
}

// Owners are those of the account.
func (b *Bank) Owners(ctx context.Context, connection bank.Connection, accountID string) ([]bank.Owner, error) {
	a, err := b.active(ctx, connection, accountID, b.now())
	if err != nil {
		return nil, err
	}
	owners := a.household.owners(a.owners)
	if owners == nil {
		return nil, unsupported("this account's owners are not told")
	}
	return owners, nil
}

// Transactions are told from the Epoch on, up to now.
func (b *Bank) Transactions(ctx context.Context, connection bank.Connection, accountID string, query bank.TransactionQuery) (bank.Page[bank.Transaction], error) {
	var page bank.Page[bank.Transaction]
	now := b.now()
	a, err := b.active(ctx, connection, accountID, now)
	if err != nil {
		return page, err
	}
	if a.plan == nil {
		return page, unsupported("this account has no transactions")
	}
	if !query.To.IsZero() && query.From.After(query.To) {
		return page, badRequest("the range ends before it begins")
	}
	to := now
	if !query.To.IsZero() && query.To.Before(now) {
		to = query.To
	}
	from := query.From
	if from.Before(Epoch) {
		from = Epoch
	}
	after, err := parseCursor(query.Cursor)
	if err != nil {
		return page, err
	}
	page.Items = a.transactions(from, to, now, after, pageSize+1)
	if len(page.Items) > pageSize {
		page.Items = page.Items[:pageSize]
		last := page.Items[pageSize-1]
		page.Next = position{last.TransactedAt.Unix(), last.ID}.cursor()
	}
	return page, nil
}

// Numbers are those of the account, usable or not.
func (b *Bank) Numbers(ctx context.Context, connection bank.Connection, accountID string) ([]bank.Number, error) {
	now := b.now()
	a, err := b.active(ctx, connection, accountID, now)
	if err != nil {
		return nil, err
	}
	numbers := a.numbers(connection.Grant, now)
	if numbers == nil {
		return nil, unsupported("this account has no number")
	}
	return numbers, nil
}

// shared are the accounts that the person shares by the grant.
func (b *Bank) shared(ctx context.Context, connection bank.Connection, now time.Time) ([]*account, error) {
	if err := b.Available(ctx, connection.Grant.Institution, now); err != nil {
		return nil, err
	}
	if connection.Grant.AccessToken == "" {
		return nil, &bank.Error{Kind: bank.KindGrantDead, Err: errors.New("no access token")}
	}
	grant, err := b.opened(ctx, connection, now)
	if err != nil {
		return nil, err
	}
	accounts := accountsOf(grant.Institution, grant.Subject)
	if grant.AccountIDs == nil {
		return accounts, nil
	}
	return slices.DeleteFunc(slices.Clone(accounts), func(a *account) bool { return !slices.Contains(grant.AccountIDs, a.id) }), nil
}

// account is one of those.
func (b *Bank) account(ctx context.Context, connection bank.Connection, accountID string, now time.Time) (*account, error) {
	accounts, err := b.shared(ctx, connection, now)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(accounts, func(a *account) bool { return a.id == accountID })
	if i < 0 {
		return nil, &bank.Error{Kind: bank.KindAccountGone, Err: errors.New("the grant shares no such account")}
	}
	return accounts[i], nil
}

// active is one of those, if its data can be read.
func (b *Bank) active(ctx context.Context, connection bank.Connection, accountID string, now time.Time) (*account, error) {
	a, err := b.account(ctx, connection, accountID, now)
	if err != nil {
		return nil, err
	}
	inactive, _, _ := a.life(connection.Grant, now)
	switch {
	case inactive == nil:
		return a, nil
	case inactive.Cause == bank.CauseAccountClosed:
		return nil, &bank.Error{Kind: bank.KindAccountClosed, Err: errors.New("the account was closed")}
	}
	return nil, &bank.Error{Kind: bank.KindGrantDead, Err: errors.New("the person has to sign in again")}
}

func badRequest(format string, args ...any) error {
	return &bank.Error{Kind: bank.KindBadRequest, Err: fmt.Errorf(format, args...)}
}

func unsupported(reason string) error {
	return &bank.Error{Kind: bank.KindUnsupported, Err: errors.New(reason)}
}

// cursor names the transaction that a page ended with.
func (p position) cursor() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.at, 36) + "." + p.id))
}

func parseCursor(cursor string) (position, error) {
	if cursor == "" {
		return position{}, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return position{}, badRequest("no page of transactions has this cursor")
	}
	at, id, _ := strings.Cut(string(text), ".")
	seconds, err := strconv.ParseInt(at, 36, 64)
	if err != nil || id == "" {
		return position{}, badRequest("no page of transactions has this cursor")
	}
	return position{seconds, id}, nil
}
