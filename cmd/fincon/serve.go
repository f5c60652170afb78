package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"fincon/gen"
	"fincon/impl"
	"fincon/impl/apikey"
	"fincon/impl/store"
	"fincon/impl/webhook"
)

type serveCommand struct {
	Listen          string        `help:"Address to listen on. Others than loopback need registered keys (fincon keys)." default:"127.0.0.1:12111" placeholder:"HOST:PORT"`
	DB              string        `name:"db" help:"Where the data is: a file, :memory: for throw-away runs, or postgres://…" default:"fincon.db" placeholder:"PATH|:memory:|postgres://…"`
	KeyFile         string        `help:"File with the key that seals what is secret, made if it is not there. By default beside an embedded database, else in your configuration folder." placeholder:"PATH"`
	RequireKeys     bool          `help:"Take registered keys alone, on loopback too: for servers behind a proxy."`
	PublicURL       string        `name:"public-url" help:"Where people and banks reach the server, if that is not the address that requests are sent to: https://link.example.com." placeholder:"URL"`
	BusinessName    string        `help:"Who asks people for their bank data: the linking flow names it." placeholder:"NAME"`
	LogLevel        string        `help:"What is logged: debug, info, warn or error." default:"info" placeholder:"LEVEL"`
	LogFormat       string        `help:"How it is logged: text or json." default:"text" placeholder:"FORMAT"`
	WebhookAllow    []string      `help:"Private networks that webhooks may go to, such as 172.18.0.0/16." placeholder:"CIDR"`
	WebhookTimeout  time.Duration `help:"How long a webhook's receiver may take." default:"10s"`
	ShutdownTimeout time.Duration `help:"How long requests in flight may take to finish at the end." default:"30s"`
	testFlags
}

// The bounds of one request, against clients that are slow on purpose.
const (
	readTimeout    = 15 * time.Second // of the header too: a deadline of its own would cost every request
	writeTimeout   = 60 * time.Second
	idleTimeout    = 120 * time.Second
	maxHeaderBytes = 32 << 10
)

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, io streams) (err error) {
	// Requests are short and leave little behind: collecting less often costs a few megabytes and saves a twentieth of the
	// time. GOGC, when it is set, has the last word.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if err := c.check(); err != nil {
		return err
	}
	log, flush := newLog(io.err, c.LogLevel, c.LogFormat)
	defer flush()

	kept, err := openStore(ctx, c.DB, forServing)
	if err != nil {
		return err
	}
	defer func() {
		if !errors.Is(err, errStillRunning) { // closing waits for what runs; ending the process rolls it back
			err = errors.Join(err, kept.Close())
		}
	}()
	keys, err := c.keys(ctx, kept)
	if err != nil {
		return err
	}
	sealed, err := c.vault(ctx, kept)
	if err != nil {
		return err
	}
	clock, err := c.clock(ctx, kept, log)
	if err != nil {
		return err
	}
	server, err := impl.New(impl.Config{
		Store: kept, Keys: keys, Clock: clock, Vault: sealed, Log: log, WebhookTimeout: c.WebhookTimeout,
		PublicURL:    strings.TrimRight(c.PublicURL, "/"),
		BusinessName: strings.TrimSpace(c.BusinessName),
		WebhookRules: webhook.Rules{Allow: c.webhookAllow()}, Faults: c.plans(),
		About: impl.About{Version: buildVersion(), Database: databaseOf(c.DB)},
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	controlled, err := c.listen(ctx, server, log)
	if err != nil {
		return err
	}
	defer controlled.close()
	c.banner(io, listener.Addr().String(), controlled)
	return c.serve(ctx, listener, server, log)
}

const gcPercent = 200

// keys is how callers are recognised: by any key on a server that only this machine reaches, else by registered ones.
func (c *serveCommand) keys(ctx context.Context, kept *store.Store) (*apikey.Keys, error) {
	if c.open() {
		return apikey.Open(), nil
	}
	registered, err := kept.APIKeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, key := range registered {
		if key.Revoked == 0 {
			return apikey.Registered(kept), nil
		}
	}
	return nil, configFaults{fmt.Sprintf("--listen %s takes registered keys alone, and %s has none: register some with "+
		"`fincon keys create --db … --tenant NAME`, or listen on 127.0.0.1", c.Listen, redactDSN(c.DB))}
}

// databaseOf says where the data is without its address.
func databaseOf(dsn string) gen.ServerDatabase {
	switch {
	case isPostgres(dsn):
		return gen.ServerDatabasePostgresql
	case dsn == ":memory:":
		return gen.ServerDatabaseMemory
	}
	return gen.ServerDatabaseSqlite
}

// open tells whether any key is taken: only where nobody else can call.
func (c *serveCommand) open() bool {
	return !c.RequireKeys && isLoopback(c.Listen)
}

func (c *serveCommand) serve(ctx context.Context, listener net.Listener, server *impl.Server, log *slog.Logger) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	finished := make(chan struct{})
	go func() { server.Run(background); close(finished) }()
	defer stop()

	web := &http.Server{
		Handler:        server,
		ReadTimeout:    readTimeout,
		WriteTimeout:   writeTimeout,
		IdleTimeout:    idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug), // clients that hang up and the like
	}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("shutting down: requests in flight are finished first")
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.ShutdownTimeout)
	defer cancel()
	if err := web.Shutdown(deadline); errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w after %s", errStillRunning, c.ShutdownTimeout)
	} else if err != nil {
		return err
	}
	stop()
	<-finished
	return nil
}

var errStillRunning = errors.New("requests were still running")

func (c *serveCommand) banner(io streams, address string, controlled *controlListener) {
	data := redactDSN(c.DB)
	if c.DB == ":memory:" {
		data = "in memory, gone at the end"
	}
	key, keys := "sk_test_123", "any sk_test_…, rk_test_… or pk_test_… key; each names a tenant of its own"
	if !c.open() {
		key, keys = "YOUR_SECRET_KEY", "registered keys"
	}
	control := ""
	if controlled != nil {
		control = "\n  test  http://" + controlled.address + " moves the clock, links accounts, …: see its /openapi.yaml"
	}
	fmt.Fprintf(io.out, `fincon listens on http://%[1]s
  data  %[2]s
  keys  %[3]s
  docs  http://%[1]s/openapi.yaml%[5]s

Open http://%[1]s/ to try it, or:
  curl http://%[1]s/v1/financial_connections/sessions -u %[4]s: \
    -d "account_holder[type]"=customer -d "account_holder[customer]"=cus_123 \
    -d "permissions[]"=balances

`, address, data, keys, key, control)
}

// webhookAllow is the networks of --webhook-allow, which were checked with the rest of the configuration.
func (c *serveCommand) webhookAllow() []netip.Prefix {
	var allowed []netip.Prefix
	for _, text := range c.WebhookAllow {
		if network, err := netip.ParsePrefix(text); err == nil {
			allowed = append(allowed, network.Masked())
		}
	}
	return allowed
}

// isLoopback tells whether only this machine can reach the address.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
