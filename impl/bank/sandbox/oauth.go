package sandbox

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"fincon/impl/bank"
	"fincon/impl/bank/oauth"
)

// AccessPrefix begins the access tokens of the authorization server. Others are those of Bank.Grant.
const AccessPrefix = "sandbox_oauth_access_"

// AuthServer is the authorization server of the institutions with OAuth; package authserver has it.
type AuthServer interface {
	// Begin prepares a sign-in.
	Begin(ctx context.Context, request bank.BeginRequest) (bank.Begun, error)

	// Client is the institution's client, which ends sign-ins, renews grants and revokes them; nil if it has none.
	Client(institution string) *oauth.Client

	// Read tells what an access token opens; KindGrantDead if it opens nothing, or nothing any more.
	Read(ctx context.Context, accessToken string) (Access, error)
}

// Access is what an access token opens.
type Access struct {
	Institution string
	Subject     string
	AccountIDs  []string // those that the person has chosen; nil: all
}

var _ bank.Authorizer = (*Bank)(nil)

// Option is a choice in making a bank.
type Option func(*Bank)

// WithOAuth makes the institutions with OAuth sign people in at the server.
func WithOAuth(server AuthServer) Option { return func(b *Bank) { b.auth = server } }

// Begin prepares a sign-in.
func (b *Bank) Begin(ctx context.Context, request bank.BeginRequest) (bank.Begun, error) {
	if err := b.Available(ctx, request.Institution, b.now()); err != nil {
		return bank.Begun{}, err
	}
	if _, err := b.client(request.Institution); err != nil {
		return bank.Begun{}, err
	}
	return b.auth.Begin(ctx, request)
}

// Finish ends a sign-in. The grant is of the subject that was given to Begin.
func (b *Bank) Finish(ctx context.Context, institution string, private []byte, callback url.Values) (bank.Grant, error) {
	client, err := b.client(institution)
	if err != nil {
		return bank.Grant{}, err
	}
	grant, err := client.Finish(ctx, private, callback)
	if err != nil {
		return bank.Grant{}, err
	}
	access, err := b.auth.Read(ctx, grant.AccessToken)
	if err != nil {
		return bank.Grant{}, err
	}
	if access.Institution != institution {
		return bank.Grant{}, &bank.Error{Kind: bank.KindBroken, Err: errors.New("the tokens are those of another institution")}
	}
	grant.Subject, grant.AccountIDs = access.Subject, access.AccountIDs
	return grant, nil
}

// Revoke ends the grant at the authorization server. Grants that are not from there are not kept anywhere.
func (b *Bank) Revoke(ctx context.Context, connection bank.Connection) error {
	if !b.authorizes(connection.Grant) {
		return ctx.Err()
	}
	client, err := b.client(connection.Grant.Institution)
	if err != nil {
		return err
	}
	return client.Revoke(ctx, connection.Grant)
}

func (b *Bank) client(institution string) (*oauth.Client, error) {
	if b.auth != nil {
		if client := b.auth.Client(institution); client != nil {
			return client, nil
		}
	}
	return nil, badRequest("nobody signs in by OAuth at %q", institution)
}

func (b *Bank) authorizes(grant bank.Grant) bool {
	return b.auth != nil && strings.HasPrefix(grant.AccessToken, AccessPrefix)
}

// leeway is how long before its end an access token is renewed.
const leeway = 30 * time.Second

// opened is the grant with what its access token opens, renewed if it has to be.
func (b *Bank) opened(ctx context.Context, connection bank.Connection, now time.Time) (bank.Grant, error) {
	grant := connection.Grant
	if !b.authorizes(grant) {
		return grant, nil
	}
	var access Access
	err := error(&bank.Error{Kind: bank.KindGrantDead})
	if grant.Expiry.IsZero() || now.Before(grant.Expiry.Add(-leeway)) {
		access, err = b.auth.Read(ctx, grant.AccessToken)
	}
	if bank.KindOf(err) == bank.KindGrantDead { // the token may be, and not the grant
		if grant, err = b.renew(ctx, connection); err != nil {
			return bank.Grant{}, err
		}
		access, err = b.auth.Read(ctx, grant.AccessToken)
	}
	if err != nil {
		return bank.Grant{}, err
	}
	if access.Institution != grant.Institution {
		return bank.Grant{}, &bank.Error{Kind: bank.KindGrantDead, Err: errors.New("the token is another institution's")}
	}
	grant.Subject, grant.AccountIDs = access.Subject, access.AccountIDs
	return grant, nil
}

// renew gets a new access token and has it kept, for the old refresh token is void.
func (b *Bank) renew(ctx context.Context, connection bank.Connection) (bank.Grant, error) {
	if connection.Renew == nil {
		return bank.Grant{}, badRequest("the grant has to be renewed, and nobody would keep it")
	}
	client, err := b.client(connection.Grant.Institution)
	if err != nil {
		return bank.Grant{}, err
	}
	return connection.Renew(ctx, client.Refresh)
}
