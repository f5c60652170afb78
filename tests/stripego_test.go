package tests

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85"

	"fincon/tests/harness"
)

// stripeGo is the official Go SDK, against another host.
func stripeGo(url, key string, retries int64) *stripe.Client {
	return stripe.NewClient(key, stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL:               stripe.String(url),
		EnableTelemetry:   stripe.Bool(false),
		MaxNetworkRetries: stripe.Int64(retries),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	})))
}

type createParams = stripe.FinancialConnectionsSessionCreateParams

func stripeGoParams() *createParams {
	return &createParams{
		AccountHolder: &stripe.FinancialConnectionsSessionCreateAccountHolderParams{
			Type: stripe.String("customer"), Customer: stripe.String("cus_123"),
		},
		Permissions: stripe.StringSlice([]string{"payment_method", "balances"}),
		Filters:     &stripe.FinancialConnectionsSessionCreateFiltersParams{Countries: stripe.StringSlice([]string{"US"})},
		Prefetch:    stripe.StringSlice([]string{"balances"}),
		ReturnURL:   stripe.String("https://example.com/back?a=b&c=d"),
	}
}

func TestStripeGo(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	sessions := stripeGo(server.URL, "sk_test_stripego", 0).V1FinancialConnectionsSessions
	created, err := sessions.Create(context.Background(), stripeGoParams())
	require.NoError(t, err)
	require.Equal(t, "financial_connections.session", created.Object)
	require.Equal(t, "cus_123", created.AccountHolder.Customer.ID)
	require.Equal(t, stripe.FinancialConnectionsSessionAccountHolderTypeCustomer, created.AccountHolder.Type)
	require.Equal(t, []string{"US"}, created.Filters.Countries)
	require.Equal(t, []stripe.FinancialConnectionsSessionPermission{"balances", "payment_method"}, created.Permissions)
	require.Equal(t, []stripe.FinancialConnectionsSessionPrefetch{"balances"}, created.Prefetch)
	require.Equal(t, "https://example.com/back?a=b&c=d", created.ReturnURL)
	require.Empty(t, created.Accounts.Data)
	require.NotEmpty(t, created.ClientSecret)
	require.False(t, created.Livemode)
	require.NotEmpty(t, created.LastResponse.RequestID)
	require.NotEmpty(t, created.LastResponse.IdempotencyKey)

	retrieved, err := sessions.Retrieve(context.Background(), created.ID, nil)
	require.NoError(t, err)
	require.NotEqual(t, created.LastResponse.RequestID, retrieved.LastResponse.RequestID)
	require.Equal(t, created.LastResponse.RawJSON, retrieved.LastResponse.RawJSON)
}

func TestStripeGoExpand(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	sessions := stripeGo(server.URL, "sk_test_stripego", 0).V1FinancialConnectionsSessions
	params := stripeGoParams()
	params.AddExpand("account_holder.customer")
	created, err := sessions.Create(context.Background(), params)
	require.NoError(t, err)
	require.Equal(t, "customer", created.AccountHolder.Customer.Object)

	retrieval := &stripe.FinancialConnectionsSessionRetrieveParams{}
	retrieval.AddExpand("account_holder.customer")
	retrieved, err := sessions.Retrieve(context.Background(), created.ID, retrieval)
	require.NoError(t, err)
	require.Equal(t, "cus_123", retrieved.AccountHolder.Customer.ID)
	require.Equal(t, "customer", retrieved.AccountHolder.Customer.Object)
	require.NotZero(t, retrieved.AccountHolder.Customer.Created)
}

// Each error arrives as the SDK's error, with what programs decide by.
func TestStripeGoErrors(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	create := func(key string, change func(*createParams)) func() error {
		return func() error {
			params := stripeGoParams()
			change(params)
			_, err := stripeGo(server.URL, key, 0).V1FinancialConnectionsSessions.Create(context.Background(), params)
			return err
		}
	}
	unchanged := func(*createParams) {}
	cases := []struct {
		name string
		call func() error
		want stripe.Error
	}{
		{"missing parameter", create("sk_test_1", func(p *createParams) { p.AccountHolder = nil }),
			invalidRequest(400, stripe.ErrorCodeParameterMissing, "account_holder")},
		{"unknown parameter", create("sk_test_1", func(p *createParams) { p.AddExtra("bogus", "1") }),
			invalidRequest(400, stripe.ErrorCodeParameterUnknown, "bogus")},
		{"no permission", create("sk_test_1", func(p *createParams) { p.Permissions = []*string{} }),
			invalidRequest(400, stripe.ErrorCodeParameterInvalidEmpty, "permissions")},
		{"no key", create("", unchanged),
			invalidRequest(401, "", "")},
		{"no such key", create("not_a_key", unchanged),
			invalidRequest(401, "", "")},
		{"publishable key", create("pk_test_1", unchanged),
			invalidRequest(403, stripe.ErrorCodeSecretKeyRequired, "")},
		{"no such session", func() error {
			_, err := stripeGo(server.URL, "sk_test_1", 0).V1FinancialConnectionsSessions.Retrieve(context.Background(), "fcsess_x", nil)
			return err
		}, invalidRequest(404, stripe.ErrorCodeResourceMissing, "session")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { requireStripeError(t, c.want, c.call()) })
	}
}

func invalidRequest(status int, code stripe.ErrorCode, param string) stripe.Error {
	return stripe.Error{HTTPStatusCode: status, Type: stripe.ErrorTypeInvalidRequest, Code: code, Param: param}
}

// requireStripeError compares what programs decide by.
func requireStripeError(t *testing.T, want stripe.Error, err error) {
	t.Helper()
	var got *stripe.Error
	require.ErrorAs(t, err, &got)
	require.Equal(t, want, stripe.Error{
		HTTPStatusCode: got.HTTPStatusCode, Type: got.Type, Code: got.Code, Param: got.Param})
	require.NotEmpty(t, got.Msg)
	require.Regexp(t, `^req_[0-9A-Za-z]{14}$`, got.RequestID)
}

func TestStripeGoIdempotencyError(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	sessions := stripeGo(server.URL, "sk_test_1", 0).V1FinancialConnectionsSessions
	params := stripeGoParams()
	params.SetIdempotencyKey("one")
	_, err := sessions.Create(context.Background(), params)
	require.NoError(t, err)

	params = stripeGoParams()
	params.SetIdempotencyKey("one")
	params.ReturnURL = nil
	_, err = sessions.Create(context.Background(), params)
	requireStripeError(t, stripe.Error{HTTPStatusCode: 400, Type: stripe.ErrorTypeIdempotency}, err)
}

// While a request works, another one with its key is refused.
func TestStripeGoConflict(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		sessions := stripeGo(server.URL, "sk_test_1", 0).V1FinancialConnectionsSessions
		outcomes := make(chan error, 2)
		release := server.Database.HoldWrites()
		for range cap(outcomes) {
			go func() {
				params := stripeGoParams()
				params.SetIdempotencyKey("one")
				_, err := sessions.Create(context.Background(), params)
				outcomes <- err
			}()
		}
		refused := <-outcomes // the other one waits for the database
		release()
		requireStripeError(t, invalidRequest(http.StatusConflict, stripe.ErrorCodeIdempotencyKeyInUse, ""), refused)
		require.NoError(t, <-outcomes)
		require.Equal(t, 1, server.Database.Sessions())
	})
}

// The SDK tries again when the answer was lost, and gets what the first attempt made.
func TestStripeGoRetry(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		proxy := harness.NewLossyProxy(t, server.Target)
		sessions := stripeGo(proxy.URL, "sk_test_1", 2).V1FinancialConnectionsSessions
		created, err := sessions.Create(context.Background(), stripeGoParams())
		require.NoError(t, err)
		require.Equal(t, 1, server.Database.Sessions())
		require.Len(t, proxy.Answers(), 1)
		requireReplays(t, proxy)
		require.Equal(t, created.ID, proxy.Answers()[created.LastResponse.IdempotencyKey][0].Session(t).ID)
	})
}

// requireReplays checks that the second answer under each key was the first one, given again.
func requireReplays(t *testing.T, proxy *harness.LossyProxy) {
	t.Helper()
	for key, answers := range proxy.Answers() {
		require.Len(t, answers, 2, key)
		require.Equal(t, answers[0].Body, answers[1].Body, key)
		require.Empty(t, answers[0].Header.Get("Idempotent-Replayed"), key)
		require.Equal(t, "true", answers[1].Header.Get("Idempotent-Replayed"), key)
		require.Equal(t, answers[0].Header.Get("Request-Id"), answers[1].Header.Get("Original-Request"), key)
	}
}
