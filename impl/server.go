// Package impl is the implementation behind the generated interface: one file per resource, and here the way of a
// request, from the listener to the answer.
package impl

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"fincon/gen"
	"fincon/impl/account"
	"fincon/impl/activity"
	"fincon/impl/apikey"
	"fincon/impl/bank"
	"fincon/impl/clock"
	"fincon/impl/contract"
	"fincon/impl/due"
	"fincon/impl/idempotency"
	"fincon/impl/link"
	"fincon/impl/store"
	"fincon/impl/vault"
	"fincon/impl/webhook"
	"fincon/openapi"
)

// MaxBody is the largest body that is read, in bytes.
const MaxBody = 1 << 20

// Config is what a server is made of.
type Config struct {
	Store *store.Store
	Keys  *apikey.Keys
	Clock *clock.Clock    // the server's time
	Banks *bank.Directory // nil is the test institutions
	Vault *vault.Vault    // seals what is secret
	Log   *slog.Logger
	// WebhookTimeout is how long a receiver may take; 0 is webhook.DefaultTimeout.
	WebhookTimeout time.Duration
	// PublicURL is where people and banks reach this server, without a slash at the end. When it is empty, each request
	// says where it was sent to.
	PublicURL string
	// BusinessName is who asks for people's data, as the linking flow names it; "" leaves that to the page around it.
	BusinessName string
	// BankPatience is how long a call of the linking flow waits for a bank; 0 is link.DefaultPatience.
	BankPatience time.Duration
	// WebhookRules say where webhooks may go besides public addresses.
	WebhookRules webhook.Rules
	// About is what is running, for people who look on.
	About About
	// Faults are what tests have planned to go wrong; nil where nothing is.
	Faults *Faults
}

// About is what is running.
type About struct {
	Version  string             // of the server
	Database gen.ServerDatabase // where the data is
}

// Server answers the operations of the document. It is an http.Handler; Run does the work that nobody waits for.
type Server struct {
	Config
	http.Handler
	contract    *contract.Contract
	idempotency *idempotency.Keys
	due         *due.Runner
	accounts    *account.Accounts
	webhooks    *webhook.Deliveries
	links       *link.Flows
	requests    *activity.Log[activity.Request]
	attempts    *activity.Log[activity.Attempt]
}

// step is one thing that a request must pass before its operation runs.
type step func(echo.Context) error

// New builds the server: every route, and what a request passes on its way.
func New(config Config) (*Server, error) {
	document, err := contract.Load(openapi.JSON)
	if err != nil {
		return nil, err
	}
	e := echo.New()
	s := &Server{
		Config: config, Handler: e, contract: document, idempotency: idempotency.New(config.Clock.Now),
		requests: activity.NewLog[activity.Request](), attempts: activity.NewLog[activity.Attempt](),
	}
	if config.Banks == nil {
		if config.Banks, err = s.openSandbox(e); err != nil {
			return nil, err
		}
		s.Banks = config.Banks
	}
	s.due = due.New(config.Store, config.Clock, config.Log)
	s.accounts = account.New(account.Config{
		Store: config.Store, Banks: config.Banks, Vault: config.Vault, Now: config.Clock.Now, Log: config.Log,
	}, s.due)
	s.webhooks = webhook.New(webhook.Config{
		Store: config.Store, Clock: config.Clock, Log: config.Log, Timeout: config.WebhookTimeout,
		Rules: config.WebhookRules, Attempts: s.attempts,
	}, s.due)
	s.links = link.New(link.Config{
		Store: config.Store, Banks: config.Banks, Vault: config.Vault, Accounts: s.accounts, Now: config.Clock.Now,
		Log: config.Log, Patience: config.BankPatience, BusinessName: config.BusinessName,
	}, s.due)
	e.Binder = contract.Binder{}
	e.HTTPErrorHandler = func(err error, ctx echo.Context) { s.writeError(err, ctx) }

	// A request's way. It is one middleware that takes the steps in turn: echo builds a chain anew for every request.
	e.Use(s.observe( // request id, panics, one log line
		limitBody,         // no more than MaxBody is read
		s.allowOrigins,    // CORS: which pages may call the linking flow
		s.identify,        // key: who is calling
		s.version,         // Stripe-Version: a version at all
		idempotency.Check, // Idempotency-Key: a key at all
		document.Check,    // the document: decoded once, validated once
	))
	gen.RegisterHandlers(e, gen.NewStrictHandler(s, nil))
	for _, path := range document.ClientPaths() {
		e.OPTIONS(path, preflight)
	}
	s.servePages(e)
	s.serveScript(e)
	if err := s.serveStart(e); err != nil {
		return nil, err
	}

	e.GET("/openapi.yaml", serve("application/yaml; charset=utf-8", openapi.YAML))
	e.GET("/openapi.json", serve("application/json; charset=utf-8", openapi.JSON))
	return s, nil
}

// Accounts is what happens to linked accounts; Due runs the work that is due.
func (s *Server) Accounts() *account.Accounts { return s.accounts }

// Due runs the work that is due.
func (s *Server) Due() *due.Runner { return s.due }

// Forget removes what is remembered of a tenant and kept nowhere: its latest requests and deliveries.
func (s *Server) Forget(tenant string) {
	s.requests.Forget(tenant)
	s.attempts.Forget(tenant)
}

// isAPI tells whether a request is for the API, which needs a key, or for what everybody may see.
func isAPI(request *http.Request) bool {
	return strings.HasPrefix(request.URL.Path, "/v1/")
}

// identify finds who is calling. Operations are for secret and restricted keys, but for those of the linking flow.
func (s *Server) identify(ctx echo.Context) error {
	request := ctx.Request()
	if !isAPI(request) || s.isPreflight(ctx) {
		return nil
	}
	caller, err := s.Keys.Caller(request.Context(), request.Header)
	if err != nil {
		return err
	}
	with := request.Context()
	if s.contract.ForClients(ctx.Path()) {
		err, with = apikey.CheckClient(caller, request.Header), s.withClient(with, request)
	} else {
		err = apikey.RequireSecret(caller)
	}
	if err != nil {
		return err
	}
	if account := request.Header.Get("Stripe-Account"); account != "" {
		ctx.Response().Header().Set("Stripe-Account", account)
	}
	ctx.SetRequest(request.WithContext(withRequestID(apikey.With(with, caller), ctx)))
	return nil
}

func limitBody(ctx echo.Context) error {
	if request := ctx.Request(); request.Body != nil && request.Body != http.NoBody {
		request.Body = http.MaxBytesReader(ctx.Response(), request.Body, MaxBody)
	}
	return nil
}

func serve(contentType string, body []byte) echo.HandlerFunc {
	return func(ctx echo.Context) error { return ctx.Blob(http.StatusOK, contentType, body) }
}

type requestIDKey struct{}

// withRequestID lets an operation know its request's id: events tell which request made them happen.
func withRequestID(ctx context.Context, request echo.Context) context.Context {
	return context.WithValue(ctx, requestIDKey{}, request.Response().Header().Get("Request-Id"))
}

func requestIDFrom(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// Run does what is due, and forgets what has had its time, until ctx ends.
func (s *Server) Run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { s.due.Run(ctx) })
	group.Go(func() { s.prune(ctx) })
	group.Wait()
	s.accounts.Finish()
}

// prune forgets idempotency keys and grants that have expired, and events that are no longer shown, a few at a time.
func (s *Server) prune(ctx context.Context) {
	const pause, batch = time.Minute, 100
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := s.Clock.Now()
		for _, old := range []struct {
			what   string
			forget func(context.Context, int64, int) (int, error)
			before time.Time
		}{
			{"idempotency keys", s.Store.PruneIdempotent, now.Add(-idempotency.Lifetime)},
			{"events", s.Store.PruneEvents, time.Unix(s.oldestEvent(), 0)},
			{"grants of the sandbox bank", s.Store.PruneSandboxGrants, now},
		} {
			for pruned := batch; pruned == batch && ctx.Err() == nil; {
				var err error
				if pruned, err = old.forget(ctx, old.before.Unix(), batch); err != nil && ctx.Err() == nil {
					s.Log.Error("forget what has expired", "what", old.what, "cause", err)
				}
			}
		}
	}
}
