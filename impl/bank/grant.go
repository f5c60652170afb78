package bank

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Grant is a person's permission to read their accounts at one institution: what a sign-in results in. It is stored as
// JSON, encrypted. Printing or logging one shows no tokens; inside an unexported field of another struct fmt cannot
// know that, so keep it out of those that are printed.
type Grant struct {
	Institution string `json:"institution"` // Institution.ID
	Subject     string `json:"subject"`     // the person at the bank: the same for every grant of theirs

	AccessToken  string    `json:"access_token,omitempty"`
	RefreshToken string    `json:"refresh_token,omitempty"` // empty: the bank gives none
	Expiry       time.Time `json:"expiry,omitzero"`         // of AccessToken; zero: unknown
	// RefreshExpiry is when RefreshToken ends unless it is used; zero: unknown.
	RefreshExpiry time.Time `json:"refresh_expiry,omitzero"`
	Scope         string    `json:"scope,omitempty"`      // as granted, not as asked
	ConsentID     string    `json:"consent_id,omitempty"` // the bank's name for this permission

	// AccountIDs are the accounts that the person chose at the bank (Institution.PicksAccounts); nil: no choice was made.
	AccountIDs []string `json:"account_ids,omitempty"`

	Created time.Time `json:"created"` // when the person last signed in
	// Linked is when the server last made accounts of this grant, after Created; zero before. The server sets it, and
	// test institutions count what happens "after the link" from it, so that a slow choice of accounts changes nothing.
	Linked time.Time `json:"linked,omitzero"`
	// Relinks is how often the person has signed in again to repair this grant. The server counts: it carries the number
	// of the old grant over to the new one, plus one.
	Relinks int `json:"relinks,omitempty"`
}

// Since is when the accounts of this grant were last linked: Linked, or Created while there are none.
func (g Grant) Since() time.Time {
	if g.Linked.After(g.Created) {
		return g.Linked
	}
	return g.Created
}

// String names the grant without its tokens.
func (g Grant) String() string {
	return fmt.Sprintf("grant at %s of %s (relinked %d times)", g.Institution, g.Created.UTC().Format(time.RFC3339), g.Relinks)
}

// GoString is String: %#v shows no tokens either.
func (g Grant) GoString() string { return g.String() }

// Format is String for every verb: without it, the wrong verb (%d) would print the fields.
func (g Grant) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, g.String()) }

// LogValue is what slog shows.
func (g Grant) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("institution", g.Institution),
		slog.Time("created", g.Created),
		slog.Int("relinks", g.Relinks),
	)
}
