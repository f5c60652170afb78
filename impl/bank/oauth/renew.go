package oauth

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"fincon/impl/bank"
)

// Refresh gets a new access token for the grant. The grant that it gives back has to be saved before its token is used: the
// bank may have voided the old refresh token. A grant that the bank has ended is KindGrantDead, as is one without a refresh
// token.
//
// Whoever refreshes the same grant at the same time waits for one answer of the bank, and for some minutes whoever comes with
// a refresh token that was exchanged here is given what it was exchanged for: they read the grant before it was saved.
// Other processes know nothing of this.
func (c *Client) Refresh(ctx context.Context, grant bank.Grant) (bank.Grant, error) {
	if grant.RefreshToken == "" {
		return bank.Grant{}, &bank.Error{Kind: bank.KindGrantDead, Err: errors.New("the bank gave no refresh token")}
	}
	r, first := c.renewals.join(grant.RefreshToken)
	if first {
		// What has been asked for must be received, even if the first who asked has gone.
		go c.renew(context.WithoutCancel(ctx), grant.RefreshToken, r)
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return bank.Grant{}, ctx.Err()
	}
	if r.err != nil {
		return bank.Grant{}, r.err
	}
	if err := c.receive(&grant, r.token); err != nil {
		return bank.Grant{}, err
	}
	grant.Expiry = r.expiry
	if !first && !grant.Expiry.IsZero() && !c.config.Now().Before(grant.Expiry) {
		return c.Refresh(ctx, grant) // remembered, and over since
	}
	return grant, nil
}

func (c *Client) renew(ctx context.Context, refreshToken string, r *renewal) {
	defer func() { c.renewals.finish(refreshToken, r) }()
	endpoints, err := c.endpoints(ctx)
	if err != nil {
		r.err = err
		return
	}
	asked, cancel := c.bound(ctx)
	defer cancel()
	r.token, err = c.library(endpoints, "").TokenSource(asked, &oauth2.Token{RefreshToken: refreshToken}).Token()
	if err != nil {
		r.err = renewing.fault(ctx, asked, err)
		return
	}
	var received bank.Grant
	r.err = c.receive(&received, r.token)
	r.expiry = received.Expiry
}

// remembered is how long the answer to a refresh is kept for those who ask with the same refresh token.
const remembered = 10 * time.Minute

// renewals are those under way, and those of late, by the hash of the refresh token.
type renewals struct {
	mu   sync.Mutex
	kept map[[sha256.Size]byte]*renewal
}

type renewal struct {
	done   chan struct{}
	token  *oauth2.Token
	expiry time.Time
	err    error
	ended  time.Time // by the machine's time
}

// join finds the renewal of the token; first tells that there was none.
func (r *renewals) join(refreshToken string) (found *renewal, first bool) {
	key := sha256.Sum256([]byte(refreshToken))
	r.mu.Lock()
	defer r.mu.Unlock()
	if found, ok := r.kept[key]; ok {
		return found, false
	}
	if r.kept == nil {
		r.kept = map[[sha256.Size]byte]*renewal{}
	}
	for key, old := range r.kept {
		if !old.ended.IsZero() && time.Since(old.ended) > remembered {
			delete(r.kept, key)
		}
	}
	found = &renewal{done: make(chan struct{})}
	r.kept[key] = found
	return found, true
}

// finish keeps the renewal, unless it has failed.
func (r *renewals) finish(refreshToken string, finished *renewal) {
	r.mu.Lock()
	finished.ended = time.Now()
	// Without rotation the token still works: there is nothing to remember.
	if finished.err != nil || finished.token.RefreshToken == refreshToken {
		delete(r.kept, sha256.Sum256([]byte(refreshToken)))
	}
	r.mu.Unlock()
	close(finished.done)
}
