package tests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/impl"
	"fincon/impl/bank"
	"fincon/impl/bank/sandbox"
	"fincon/impl/vault"
	"fincon/tests/harness"
)

// rotatingBank is the sandbox bank with tokens that end, and that are exchanged for new ones once: whoever presents a
// refresh token for the second time is taken for a thief, and the grant is dead.
type rotatingBank struct {
	*sandbox.Bank
	mu        sync.Mutex
	refresh   string // the refresh token that works; "" for whichever comes first
	access    string
	stolen    bool
	exchanges int
	meanwhile func() // runs while the bank's answer is on its way; nil: nothing does
}

func (b *rotatingBank) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.access = ""
}

func (b *rotatingBank) works(token string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return token != "" && token == b.access
}

func (b *rotatingBank) exchange(ctx context.Context, grant bank.Grant) (bank.Grant, error) {
	b.mu.Lock()
	if b.refresh != "" && grant.RefreshToken != b.refresh || b.stolen {
		b.stolen = true
		b.mu.Unlock()
		return bank.Grant{}, &bank.Error{Kind: bank.KindGrantDead, Err: errors.New("a refresh token came twice")}
	}
	b.exchanges++
	b.refresh, b.access = fmt.Sprintf("refresh-%d", b.exchanges), fmt.Sprintf("access-%d", b.exchanges)
	grant.RefreshToken, grant.AccessToken = b.refresh, b.access
	meanwhile := b.meanwhile
	b.mu.Unlock()
	if meanwhile != nil {
		meanwhile()
	}
	select { // the answer takes its time: everybody else still has the old tokens
	case <-time.After(30 * time.Millisecond):
	case <-ctx.Done():
	}
	return grant, ctx.Err()
}

func (b *rotatingBank) Numbers(ctx context.Context, connection bank.Connection, id string) ([]bank.Number, error) {
	if !b.works(connection.Grant.AccessToken) {
		grant, err := connection.Renew(ctx, b.exchange)
		if err != nil {
			return nil, err
		}
		connection.Grant = grant
	}
	return b.Bank.Numbers(ctx, connection, id)
}

// rotating starts servers that share a database and such a bank, and links an account on the first.
func rotating(t *testing.T, kind harness.Kind) (servers []*harness.Server, b *rotatingBank, sealed *vault.Vault, account string) {
	b, sealed = &rotatingBank{Bank: sandbox.New(time.Now)}, vault.Random()
	option := func(config *impl.Config) {
		config.Vault = sealed
		config.Banks = bank.NewDirectory(context.Background(), b)
	}
	servers = append(servers, harness.Start(t, kind, option))
	if kind == harness.Postgres {
		servers = append(servers, harness.StartOn(t, servers[0].Database, option))
	}
	account = linkSuccess(t, servers[0])
	for _, server := range servers {
		server.Settle(t)
	}
	return servers, b, sealed, account
}

func linkSuccess(t *testing.T, server *harness.Server) string {
	t.Helper()
	session := server.Send(t, harness.Request{Body: dataForm}).Session(t)
	return server.Link(t, harness.Key, session.ID, sandbox.TestNonOAuth, "Success")[0]
}

// Tokens are exchanged by one at a time, over all servers of a database; everybody else is given what that one got.
func TestTokensAreExchangedOnce(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		servers, b, _, account := rotating(t, kind)
		for round := 1; round <= 3; round++ {
			b.end()
			var group sync.WaitGroup
			for i := range 12 {
				group.Go(func() {
					_, err := servers[i%len(servers)].Accounts().Numbers(t.Context(), harness.Scope(t, harness.Key), account)
					if err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			require.Equal(t, round, b.exchanges)
		}
	})
}

// A server that ends waits for the tokens that a bank was asked for, even when nobody else does any more.
func TestTokensAreKeptAtTheEnd(t *testing.T) {
	t.Parallel()
	servers, b, sealed, account := rotating(t, harness.SQLite)
	server, scope := servers[0], harness.Scope(t, harness.Key)
	asked, answer := make(chan struct{}), make(chan struct{})
	b.meanwhile = func() { close(asked); <-answer }
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := server.Accounts().Numbers(ctx, scope, account)
		gone <- err
	}()
	<-asked
	leave()
	require.ErrorIs(t, <-gone, context.Canceled)
	ended := make(chan struct{})
	go func() { server.Stop(); close(ended) }()
	select {
	case <-ended:
		require.Fail(t, "the server has ended without the tokens")
	case <-time.After(200 * time.Millisecond):
	}
	close(answer)
	<-ended

	again := harness.StartOn(t, server.Database, func(config *impl.Config) {
		config.Vault, config.Banks = sealed, bank.NewDirectory(context.Background(), b)
	})
	_, err := again.Accounts().Numbers(t.Context(), scope, account)
	require.NoError(t, err)
	require.Equal(t, 1, b.exchanges)
}

// New tokens do not undo what happened to the grant while they were on their way.
func TestTokensOfAnEarlierSignIn(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		servers, b, sealed, account := rotating(t, kind)
		scope := harness.Scope(t, harness.Key)
		kept := func() (grant bank.Grant) {
			row, err := servers[0].Store.Account(t.Context(), scope, account)
			require.NoError(t, err)
			authorization, err := servers[0].Store.Authorization(t.Context(), scope, row.Authorization)
			require.NoError(t, err)
			plain, err := sealed.Open(authorization.Grant)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(plain, &grant))
			return grant
		}
		before := kept()
		var again bank.Grant
		b.meanwhile = func() {
			require.Equal(t, account, linkSuccess(t, servers[0]))
			again = kept()
		}
		_, err := servers[0].Accounts().Numbers(t.Context(), scope, account)
		require.NoError(t, err)
		require.NotEqual(t, before.AccessToken, again.AccessToken)
		require.Equal(t, again, kept(), "the grant of the later sign-in")
	})
}
