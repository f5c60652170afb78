package impl

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"fincon/impl/bank"
	"fincon/impl/bank/sandbox"
	"fincon/impl/bank/sandbox/authserver"
	"fincon/impl/link"
	"fincon/impl/store"
)

// openSandbox makes the test institutions, with the pages on which people sign in at those with OAuth.
func (s *Server) openSandbox(e *echo.Echo) (*bank.Directory, error) {
	authorization, err := authserver.New(authserver.Config{
		Now: s.Clock.Now, Vault: s.Vault, Grants: sandboxGrants{s.Store}, Base: s.baseURL, RedirectPath: link.CallbackPath, Log: s.Log,
		ClientName: s.BusinessName,
	})
	if err != nil {
		return nil, err
	}
	e.GET("/sandbox-bank/*", echo.WrapHandler(authorization))
	e.POST("/sandbox-bank/*", echo.WrapHandler(authorization))
	return bank.NewDirectory(context.Background(), sandbox.New(s.Clock.Now, sandbox.WithOAuth(authorization))), nil
}

// sandboxGrants keeps the sandbox bank's grants.
type sandboxGrants struct{ store *store.Store }

// Generation is the grant's number.
func (g sandboxGrants) Generation(ctx context.Context, grant string) (int64, error) {
	return g.store.SandboxGrant(ctx, grant)
}

// Advance changes the number from one to another.
func (g sandboxGrants) Advance(ctx context.Context, grant string, from, to int64, expires time.Time) (bool, error) {
	return g.store.AdvanceSandboxGrant(ctx, grant, from, to, expires.Unix())
}
