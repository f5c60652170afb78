// Package link is the linking flow: the way of a person from the consent to the accounts that they share. It is a state
// machine over one row a session (state.go); next, in pane.go, is the one place that decides what comes next. Every step
// may be repeated, and one that does not fit is answered with the flow as it stands. Banks are asked outside of
// transactions (ask.go), so that one that does not answer holds up nobody.
package link

import (
	"bytes"
	"context"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"time"

	"fincon/impl/account"
	"fincon/impl/apierror"
	"fincon/impl/bank"
	"fincon/impl/due"
	"fincon/impl/event"
	"fincon/impl/id"
	"fincon/impl/store"
	"fincon/impl/wire"
)

// DefaultPatience is how long a call waits for a bank before it answers that the bank has not answered yet.
const DefaultPatience = 2 * time.Second

// signInPatience is how long a bank may take to begin or to end a sign-in, which nothing can be told of before.
const signInPatience = 20 * time.Second

// Config is what flows work with.
type Config struct {
	Store    *store.Store
	Banks    *bank.Directory
	Vault    account.Vault
	Accounts *account.Accounts
	Now      func() time.Time // the server's time
	Log      *slog.Logger
	Patience time.Duration // 0 is DefaultPatience

	BusinessName string // who asks for the data; "" if that is not said
}

// Flows is the linking flow of every session.
type Flows struct {
	Config
	runner *due.Runner
	lately lately
}

// New makes the flows and registers their work with the runner.
func New(config Config, runner *due.Runner) *Flows {
	if config.Patience == 0 {
		config.Patience = DefaultPatience
	}
	f := &Flows{Config: config, runner: runner, lately: newLately()}
	runner.Register(askKind, f.runAsk)
	runner.Register(expireKind, f.runExpire)
	runner.Register(revokeKind, f.runRevoke)
	return f
}

// Call is one call of a client.
type Call struct {
	Scope            store.Scope
	Secret           string // the session's client_secret
	BaseURL          string // where clients reach this server: no slash at the end
	Key              string // the publishable key of the call; "" if it came with another
	ConnectedAccount string // acct_…, if the call was made for one
	Cause            event.Request
	// Write runs the transaction that makes the answer, and keeps the answer for when the call is repeated.
	Write func(context.Context, func(context.Context, *store.Tx) ([]byte, error)) ([]byte, error)
}

// place is which session of whom.
type place struct {
	store.Scope
	session string
}

// find gives the session that a client_secret belongs to. A secret of another tenant or mode cannot be told from one that
// never was.
func (f *Flows) find(ctx context.Context, call Call) (place, error) {
	at := place{Scope: call.Scope}
	beginning, ok := id.Beginning("fcsess_", SecretPrefix, call.Secret)
	if !ok {
		return at, unknownSecret()
	}
	digest := digestOf(call.Scope, call.Secret)
	if known, ok := f.lately.ids.Get(digest); ok {
		body, err := f.Store.Session(ctx, call.Scope, known)
		if err == nil && isSecret(body, call.Secret) {
			at.session = known
			return at, nil
		}
	}
	found, err := f.Store.SessionsBeginning(ctx, call.Scope, beginning)
	if err != nil {
		return at, err
	}
	for _, candidate := range found {
		if isSecret(candidate.Body, call.Secret) {
			at.session = candidate.ID
			f.lately.ids.Add(digest, at.session)
			return at, nil
		}
	}
	return at, unknownSecret()
}

// isSecret compares in constant time.
func isSecret(body []byte, secret string) bool {
	return subtle.ConstantTimeCompare(secretOf(body), []byte(secret)) == 1
}

// secretOf is the client_secret in a stored session, in which no text has a line's end.
func secretOf(body []byte) []byte {
	_, after, _ := bytes.Cut(body, []byte("\n  \"client_secret\": \""))
	secret, _, _ := bytes.Cut(after, []byte{'"'})
	return secret
}

// SecretPrefix is what every client_secret begins with.
const SecretPrefix = "fcsess_client_secret_"

// look reads the flow of a call that may go on.
func (f *Flows) look(ctx context.Context, call Call) (*flow, error) {
	at, err := f.find(ctx, call)
	if err != nil {
		return nil, err
	}
	w, err := f.read(ctx, at)
	if err != nil {
		return nil, err
	}
	return w, w.usable()
}

// show answers a call that changes nothing.
func (f *Flows) show(ctx context.Context, call Call, answer func(*flow) (any, error)) ([]byte, error) {
	w, err := f.look(ctx, call)
	if err != nil {
		return nil, err
	}
	shown, err := answer(w)
	if err != nil {
		return nil, err
	}
	return call.Write(ctx, func(context.Context, *store.Tx) ([]byte, error) { return wire.JSON(shown) })
}

// change runs a step of a flow that may go on, and answers the call with what the step gives back.
func (f *Flows) change(ctx context.Context, call Call, step func(context.Context, *store.Tx, *flow) (any, error)) ([]byte, error) {
	at, err := f.find(ctx, call)
	if err != nil {
		return nil, err
	}
	return call.Write(ctx, func(ctx context.Context, tx *store.Tx) (answer []byte, err error) {
		err = f.step(ctx, tx, at, func(w *flow) error {
			made, err := step(ctx, tx, w)
			if err != nil {
				return err
			}
			answer, err = wire.JSON(made)
			return err
		})
		return answer, err
	})
}

// step changes a flow that may go on.
func (f *Flows) step(ctx context.Context, tx *store.Tx, at place, change func(*flow) error) error {
	w, err := f.load(ctx, tx, at)
	if err != nil {
		return err
	}
	if err := w.usable(); err != nil {
		return err
	}
	if err := change(w); err != nil {
		return err
	}
	return f.save(ctx, tx, w)
}

// amend is step in a transaction of its own.
func (f *Flows) amend(ctx context.Context, at place, change func(context.Context, *store.Tx, *flow) error) error {
	return f.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return f.step(ctx, tx, at, func(w *flow) error { return change(ctx, tx, w) })
	})
}

func unknownSecret() error {
	return apierror.Invalid("client_secret", "No session has this client_secret. Check that it is complete, and that the key "+
		"is of the tenant and the mode in which the session was created.").WithCode("resource_missing")
}

func expired(session string) error {
	e := apierror.Invalid("client_secret", fmt.Sprintf("The session '%s' has expired: accounts can be linked in it for %d hours "+
		"after its creation. Create a new session.", session, account.SessionLifetime/time.Hour))
	e.Code = "session_expired"
	return e
}

func used(session string) error {
	e := apierror.Invalid("client_secret", fmt.Sprintf("The session '%s' was already used: its flow has ended. Create a new session.", session))
	e.Code = "session_already_used"
	return e
}
