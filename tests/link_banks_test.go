package tests

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/impl"
	"fincon/impl/bank"
	"fincon/impl/bank/sandbox"
	"fincon/impl/clock"
	"fincon/impl/vault"
	"fincon/tests/harness"
)

// moodyBank is the sandbox bank on a day on which not everything works.
type moodyBank struct {
	*sandbox.Bank
	mu    sync.Mutex
	mood  func(context.Context) error // what happens when it is asked; nil: an answer
	asked int
	renew bool // each answer comes with new tokens
}

func (b *moodyBank) set(mood func(context.Context) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mood = mood
}

func (b *moodyBank) ask(ctx context.Context) error {
	b.mu.Lock()
	b.asked++
	mood := b.mood
	b.mu.Unlock()
	if mood == nil {
		return nil
	}
	return mood(ctx)
}

func (b *moodyBank) Accounts(ctx context.Context, connection bank.Connection, cursor string) (bank.Page[bank.Account], error) {
	if err := b.ask(ctx); err != nil {
		return bank.Page[bank.Account]{}, err
	}
	if b.renew {
		if _, err := connection.Renew(ctx, func(_ context.Context, grant bank.Grant) (bank.Grant, error) {
			grant.AccessToken = "renewed"
			return grant, nil
		}); err != nil {
			return bank.Page[bank.Account]{}, err
		}
	}
	return b.Bank.Accounts(ctx, connection, cursor)
}

func (b *moodyBank) Balance(ctx context.Context, connection bank.Connection, id string) (bank.Balance, error) {
	if b.renew && connection.Grant.AccessToken != "renewed" {
		return bank.Balance{}, errors.New("an old token")
	}
	return b.Bank.Balance(ctx, connection, id)
}

func (b *moodyBank) Numbers(ctx context.Context, connection bank.Connection, id string) ([]bank.Number, error) {
	if err := b.ask(ctx); err != nil {
		return nil, err
	}
	return b.Bank.Numbers(ctx, connection, id)
}

// moody starts a server with such a bank, for which calls wait as long as patience.
func moody(t *testing.T, kind harness.Kind, patience time.Duration) (*harness.Server, *moodyBank, harness.Option) {
	now := clock.Stopped(time.Now().Truncate(time.Second))
	b := &moodyBank{Bank: sandbox.New(now.Now)}
	sealed := vault.Random()
	option := func(config *impl.Config) {
		config.Clock, config.Vault = now, sealed
		config.Banks = bank.NewDirectory(context.Background(), b)
		config.BankPatience = patience
	}
	return harness.Start(t, kind, option), b, option
}

// moment is too short for a bank that has to be woken.
const moment = 20 * time.Millisecond

// hanging is a bank that says nothing until it is woken, and "later" then.
func hanging() (mood func(context.Context) error, wake func()) {
	awake := make(chan struct{})
	return func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-awake:
			return &bank.Error{Kind: bank.KindRetryLater}
		}
	}, sync.OnceFunc(func() { close(awake) })
}

func failing(kind bank.Kind) func(context.Context) error {
	return func(context.Context) error { return &bank.Error{Kind: kind, Err: errors.New("as planned")} }
}

// A bank that does not answer holds up nobody: the call is answered 202, and the question goes on without it, on another
// process if need be (link-protocol 5.1).
func TestLinkBankThatHangs(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server, b, option := moody(t, kind, moment)
		c := beginLink(t, server, payForm)
		c.agree(t)
		s := c.signIn(t, "bcinst_Jg18xEfPHevfHP")
		mood, wake := hanging()
		defer wake()
		b.set(mood)
		for range 3 {
			answer := server.Send(t, c.request(offersPath, "id", s.ID))
			require.Equal(t, http.StatusAccepted, answer.Status, answer.Body)
			require.Contains(t, answer.Body, `"invalid_request_error"`)
		}
		wake()
		server.Stop()
		server = harness.StartOn(t, server.Database, option)
		c.server = server
		require.Equal(t, http.StatusAccepted, server.Send(t, c.request(offersPath, "id", s.ID)).Status)
		b.set(nil)
		require.NoError(t, server.Due().AdvanceTo(t.Context(), server.Clock.Now().Add(5*time.Minute)))
		offered := c.offers(t, s.ID)
		require.NotEmpty(t, offered.Data)

		chosen := c.choose(t, s.ID, offered.Data[0].ID)
		mood, wake = hanging()
		defer wake()
		b.set(mood)
		require.Equal(t, http.StatusAccepted, server.Send(t, c.request(attachPath, "type", "linked_account", "linked_account[id]", chosen.Data[0].ID)).Status)
		wake()
		b.set(nil)
		require.NoError(t, server.Due().AdvanceTo(t.Context(), server.Clock.Now().Add(5*time.Minute)))
		var attached paymentAccount
		c.read(t, &attached, attachPath, "type", "linked_account", "linked_account[id]", chosen.Data[0].ID)
		require.Equal(t, "success", attached.NextPane)
		require.Len(t, c.complete(t).Accounts.Data, 1)
	})
}

// What a bank refuses is told once; whoever comes again asks again.
func TestLinkBankThatRefuses(t *testing.T) {
	t.Parallel()
	server, b, _ := moody(t, harness.Memory, time.Minute)
	c := beginLink(t, server, payForm)
	c.agree(t)
	s := c.signIn(t, "bcinst_Jg18xEfPHevfHP")
	for _, kind := range []bank.Kind{bank.KindBroken, bank.KindGrantDead, bank.KindUnavailable} {
		b.set(failing(kind))
		require.Equal(t, map[string]any{"reason": "account_retrieval_failed"}, c.refused(t, offersPath, "id", s.ID).ExtraFields)
	}
	b.set(failing(bank.KindRetryLater))
	require.Equal(t, http.StatusAccepted, server.Send(t, c.request(offersPath, "id", s.ID)).Status)
	b.set(failing(bank.KindBroken))
	require.NoError(t, server.Due().AdvanceTo(t.Context(), server.Clock.Now().Add(time.Minute)))
	b.set(nil)
	require.Equal(t, map[string]any{"reason": "account_retrieval_failed"}, c.refused(t, offersPath, "id", s.ID).ExtraFields)
	chosen := c.choose(t, s.ID, c.offers(t, s.ID).Data[0].ID)
	b.set(failing(bank.KindUnsupported))
	attach := []string{"type", "linked_account", "linked_account[id]", *chosen.Data[0].LinkedAccountID}
	for range 2 {
		require.Equal(t, map[string]any{"reason": "account_number_retrieval_failed"}, c.refused(t, attachPath, attach...).ExtraFields)
	}
	b.set(nil)
	var attached paymentAccount
	c.read(t, &attached, attachPath, attach...)
}

// Many clients who ask at once ask the bank once, and new tokens are kept before what came with them is used.
func TestLinkBankIsAskedOnce(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server, b, _ := moody(t, kind, time.Minute)
		b.renew = true
		c := beginLink(t, server, dataForm)
		c.agree(t)
		s := c.signIn(t, "bcinst_Jg18xEfPHevfHP")
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() { c.send(t, offersPath, "id", s.ID) })
		}
		group.Wait()
		offered := c.offers(t, s.ID)
		require.Equal(t, 1, b.asked)
		require.NotNil(t, offered.Data[0].BalanceAmount, "the balance was asked for with the new token")
		for range 8 {
			group.Go(func() { c.send(t, selectPath, selection(s.ID, offered.Data[0].ID)...) })
		}
		group.Wait()
		require.Len(t, c.complete(t).Accounts.Data, 1)
	})
}
