// Package bank is what a bank connection is. The server knows banks by this package only; package sandbox, the test
// institutions, is one implementation. Its shape is that of OAuth 2.0 and FDX, so that a real bank fits.
package bank

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// Connector reaches one family of banks. It is safe for concurrent use, and it keeps nothing: what has to outlive a
// call is in the Grant, which the server stores.
//
// Errors are *Error, or the context's when it ended first.
type Connector interface {
	// Institutions are all that this connector reaches, in a fixed order. The caller filters and searches, and must
	// not change them.
	Institutions(ctx context.Context) []Institution

	// Available says whether a person can sign in at the institution: nil, or an *Error of KindUnavailable (with
	// ExpectedAt when the end is known) or KindBroken.
	Available(ctx context.Context, institution string, now time.Time) error

	// Accounts lists the accounts that the person shares, inactive ones too. The first page has the cursor "".
	Accounts(ctx context.Context, connection Connection, cursor string) (Page[Account], error)

	// Account is one of them as the bank sees it now. A grant that ended may be told by Account.Status or by an error
	// of KindGrantDead: both mean that the account is inactive.
	Account(ctx context.Context, connection Connection, accountID string) (Account, error)

	// Balance fails with KindUnsupported for accounts that have none to tell.
	Balance(ctx context.Context, connection Connection, accountID string) (Balance, error)

	// Owners are at least one, or the error is of KindUnsupported.
	Owners(ctx context.Context, connection Connection, accountID string) ([]Owner, error)

	// Transactions come newest first by TransactedAt, then by ID. What happens between two pages neither repeats nor
	// hides a transaction of the later page.
	Transactions(ctx context.Context, connection Connection, accountID string, query TransactionQuery) (Page[Transaction], error)

	// Numbers are secret: they are stored encrypted and never put into an API object. KindUnsupported if there are none.
	Numbers(ctx context.Context, connection Connection, accountID string) ([]Number, error)

	// Revoke tells the bank that the grant is no longer wanted. It is best effort: some banks have no way to be told,
	// so a disconnection must not depend on it.
	Revoke(ctx context.Context, connection Connection) error
}

// Authorizer signs a person in at banks with Institution.OAuth.
type Authorizer interface {
	// Begin prepares one sign-in. It may call the bank (a pushed authorization request), and so may fail.
	Begin(ctx context.Context, request BeginRequest) (Begun, error)

	// Finish ends the sign-in that private belongs to: it exchanges the code, which works once, so keep the Grant
	// before acting on it. callback is the whole query with which the bank sent the person back: code, state, iss, or
	// error and error_description. State has been compared by the caller; Finish checks the issuer if there is one.
	// A person who refused is KindDenied.
	Finish(ctx context.Context, institution string, private []byte, callback url.Values) (Grant, error)
}

// BeginRequest says who is to be sent where.
type BeginRequest struct {
	Institution string // Institution.ID
	Subject     string // who the server takes the person to be; banks with people of their own ignore it
	RedirectURI string // where the bank sends the person back, exactly as registered with it
	State       string // comes back in the callback; not guessable
	Relink      *Grant // the grant to repair, nil for a first sign-in
}

// Begun is a sign-in under way.
type Begun struct {
	URL string // where the person goes now
	// Private is what Finish needs again: PKCE verifier, nonce, issuer. It is secret and belongs to this sign-in only.
	Private []byte
	Expires time.Time // when the bank forgets URL; zero if unknown
}

// Connection is a grant in use.
type Connection struct {
	Grant Grant
	// Renew replaces the grant's tokens by those that exchange gets for them, and keeps them before it gives them back: a
	// bank may void the old ones at once. A call to the Connector that needs new tokens calls Renew before it uses any
	// data, and fails if Renew fails. One caller at a time is let through to exchange, over all servers; who comes with
	// tokens that somebody else has replaced is given the new ones. Renew may be nil where tokens are known not to change.
	Renew func(ctx context.Context, exchange Exchange) (Grant, error)
}

// Exchange asks a bank for new tokens in the place of a grant's.
type Exchange func(ctx context.Context, grant Grant) (Grant, error)

// Saving is a Connection's Renew for a grant that nobody else has: it exchanges the grant as it then is, and saves what comes.
func Saving(grant *Grant, save func(context.Context, Grant) error) func(context.Context, Exchange) (Grant, error) {
	return func(ctx context.Context, exchange Exchange) (Grant, error) {
		renewed, err := exchange(ctx, *grant)
		if err != nil {
			return Grant{}, err
		}
		if err := save(ctx, renewed); err != nil {
			return Grant{}, fmt.Errorf("keep a renewed grant: %w", err)
		}
		return renewed, nil
	}
}

// Page is a part of a list. Next, opaque to the caller, gets the following page; it is empty on the last one.
type Page[T any] struct {
	Items []T
	Next  string
}

// Institution is a bank as the person sees it when choosing one.
type Institution struct {
	ID     string // "fcinst_…"
	LinkID string // "bcinst_…", the id in the client protocol
	Name   string
	URL    string
	// LinkedName is the institution_name of its accounts. It differs from Name for test institutions.
	LinkedName string
	Countries  []string // ISO 3166-1 alpha-2, upper case

	Featured      bool // shown before the person searches
	FeaturedOrder int  // from 0, ascending; 0 if not Featured
	SearchOnly    bool // shown only when searched for; never with Featured

	OAuth bool // the person signs in on the bank's own page; otherwise on a form that the server hosts
	// PicksAccounts: the person chooses the accounts to share while signing in at the bank (Grant.AccountIDs), so the
	// flow has nothing left to ask.
	PicksAccounts bool
	Livemode      bool

	// RefreshInterval is the least time between two refreshes of one feature of one account.
	RefreshInterval time.Duration
}
