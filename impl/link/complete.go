package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"fincon/gen"
	"fincon/impl/event"
	"fincon/impl/store"
	"fincon/impl/wire"
)

// expireKind ends a flow that was left without a word. Key: session.
const expireKind = "link.expire"

// customManualEntry is what a client says when the business takes account numbers on a page of its own (link-protocol 5.7).
const customManualEntry = "user_initiated_with_custom_manual_entry"

// listed is how many accounts an answer lists at most.
const listed = 100

// Complete ends the flow and tells of the accounts that were linked. Ending it again changes nothing, so that a client
// that did not hear the answer can ask for it again.
func (f *Flows) Complete(ctx context.Context, call Call, terminalError string) ([]byte, error) {
	at, err := f.find(ctx, call)
	if err != nil {
		return nil, err
	}
	answer, err := call.Write(ctx, func(ctx context.Context, tx *store.Tx) ([]byte, error) {
		w, err := f.load(ctx, tx, at)
		if err != nil {
			return nil, err
		}
		if w.Ended == 0 || w.Expired {
			if err := w.usable(); err != nil {
				return nil, err
			}
			w.outcome(terminalError)
			if err := f.end(ctx, tx, w, call.Cause); err != nil {
				return nil, err
			}
		}
		rows, err := tx.SessionAccounts(ctx, at.Scope, at.session, listed)
		if err != nil {
			return nil, err
		}
		return w.receipt(rows)
	})
	f.runner.Kick()
	return answer, err
}

// outcome decides how the flow ended (link-protocol 5.5).
func (w *flow) outcome(terminalError string) {
	switch {
	case len(w.Linked) > 0 || w.Typed != nil:
		w.Outcome = gen.LinkSessionStatusSucceeded
	case terminalError == customManualEntry:
		w.Outcome, w.Reason = gen.LinkSessionStatusCancelled, gen.LinkSessionCancelledReasonCustomManualEntry
	case terminalError != "":
		w.Outcome = gen.LinkSessionStatusFailed
	default:
		w.Outcome, w.Reason = gen.LinkSessionStatusCancelled, gen.LinkSessionCancelledReasonOther
	}
}

// end closes the flow: events are sent, the token is handed over, and what is secret is forgotten.
func (f *Flows) end(ctx context.Context, tx *store.Tx, w *flow, cause event.Request) error {
	for _, s := range w.SignIns {
		if !s.Chosen {
			if err := f.discard(ctx, tx, w, s); err != nil {
				return err
			}
		}
		s.OAuthState, s.Questions, s.Step = "", nil, ""
	}
	clear(w.secrets)
	w.Asking, w.Troubles = nil, nil
	w.Ended = w.now.Unix()
	if err := f.Accounts.Complete(ctx, tx, w.now, w.Scope, w.place.session, cause); err != nil {
		return err
	}
	if w.Token != nil {
		w.session.BankAccountToken = w.Token
		body, err := wire.JSON(w.session)
		if err != nil {
			return err
		}
		if err := tx.UpdateSession(ctx, w.Scope, w.place.session, body); err != nil {
			return err
		}
	}
	if err := tx.CancelDue(ctx, w.Scope, expireKind, w.place.session); err != nil {
		return err
	}
	return f.save(ctx, tx, w)
}

// runExpire ends a flow when its session expires: accounts that were linked are told of even if nobody completed it.
func (f *Flows) runExpire(ctx context.Context, work store.Due) error {
	return f.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		w, err := f.load(ctx, tx, place{work.Scope, work.Key})
		if errors.Is(err, store.ErrNotFound) || err == nil && w.Ended != 0 {
			return tx.DeleteDue(ctx, work)
		}
		if err != nil {
			return err
		}
		w.outcome("")
		w.Expired = true
		return f.end(ctx, tx, w, event.Request{}) // the work goes with it
	})
}

// Receipt shows how the flow ended, or stands.
func (f *Flows) Receipt(ctx context.Context, call Call) ([]byte, error) {
	w, err := f.glance(ctx, call)
	if err != nil {
		return nil, err
	}
	rows, err := f.Store.SessionAccounts(ctx, w.Scope, w.place.session, listed)
	if err != nil {
		return nil, err
	}
	return w.receipt(rows)
}

// ListLinked lists the accounts that were linked, newest first. The error is store.ErrNoCursor when after is not one.
func (f *Flows) ListLinked(ctx context.Context, call Call, after string) ([]byte, error) {
	w, err := f.glance(ctx, call)
	if err != nil {
		return nil, err
	}
	rows, more, err := f.Store.ListAccounts(ctx, w.Scope, store.AccountFilter{Session: w.place.session}, store.Page{Limit: listed, After: after})
	if err != nil {
		return nil, err
	}
	list, err := accountList(rows, w.session.Accounts.TotalCount)
	if err != nil {
		return nil, err
	}
	list.HasMore = more
	return wire.JSON(list)
}

// glance reads a flow whose result may be read: one that goes on, or that was completed.
func (f *Flows) glance(ctx context.Context, call Call) (*flow, error) {
	at, err := f.find(ctx, call)
	if err != nil {
		return nil, err
	}
	w, err := f.read(ctx, at)
	if err != nil {
		return nil, err
	}
	if err := w.usable(); err != nil && (w.Expired || w.Ended == 0 && w.session.Accounts.TotalCount == 0) {
		return nil, err
	}
	return w, nil
}

// receipt is the session as its client sees it (link-protocol 5.5).
func (w *flow) receipt(rows []store.Account) ([]byte, error) {
	list, err := accountList(rows, w.session.Accounts.TotalCount)
	if err != nil {
		return nil, err
	}
	session := gen.LinkSession{
		ID: w.session.ID, Object: gen.LinkSessionObjectLinkAccountSession, Accounts: list, BankAccountToken: w.Token,
		ClientSecret: *w.session.ClientSecret, Livemode: w.session.Livemode, PaymentAccount: w.Typed,
		Permissions: w.session.Permissions, Prefetch: w.session.Prefetch, ReturnURL: w.session.ReturnURL,
		Status: w.Outcome,
	}
	if session.Prefetch == nil {
		session.Prefetch = []gen.PrefetchFeature{}
	}
	if w.Ended == 0 {
		session.Status = gen.LinkSessionStatusPending
	}
	if w.Reason != "" {
		session.StatusDetails = &gen.LinkSessionStatusDetails{Cancelled: &gen.LinkSessionCancelled{Reason: w.Reason}}
	}
	return wire.JSON(session)
}

func accountList(rows []store.Account, total int64) (gen.LinkAccountList, error) {
	list := gen.LinkAccountList{
		Object: gen.LinkAccountListObjectList, Data: []gen.Account{}, HasMore: total > int64(len(rows)), TotalCount: total,
		URL: "/v1/financial_connections/accounts",
	}
	for _, row := range rows {
		var account gen.Account
		if err := json.Unmarshal(row.Body, &account); err != nil {
			return list, fmt.Errorf("read a stored account: %w", err)
		}
		list.Data = append(list.Data, account)
	}
	return list, nil
}

// Agree records that the person agreed to share what the session asks for.
func (f *Flows) Agree(ctx context.Context, call Call) ([]byte, error) {
	return f.change(ctx, call, func(_ context.Context, _ *store.Tx, w *flow) (any, error) {
		if w.Consent == 0 {
			w.Consent = w.now.Unix()
		}
		return w.manifest(call), nil
	})
}

// LinkMore goes back to the choice of the institution. What was linked stays; a sign-in of which nothing was chosen ends.
func (f *Flows) LinkMore(ctx context.Context, call Call) ([]byte, error) {
	return f.change(ctx, call, func(ctx context.Context, tx *store.Tx, w *flow) (any, error) {
		if w.full() {
			return w.manifest(call), nil
		}
		if s := w.signIn(w.Active); s != nil && !s.Chosen && w.open(s) {
			if err := f.discard(ctx, tx, w, s); err != nil {
				return nil, err
			}
			w.giveUp(s, cancelled)
		}
		w.Active, w.AtTyped = "", false
		return w.manifest(call), nil
	})
}

// Synchronize shows everything that a client needs to begin or to go on.
func (f *Flows) Synchronize(ctx context.Context, call Call) ([]byte, error) {
	return f.show(ctx, call, func(w *flow) (any, error) {
		return gen.LinkSynchronize{Manifest: w.manifest(call), Text: w.texts(), Visual: gen.LinkVisual{
			MerchantLogo: []string{}, ReducedBranding: true,
		}}, nil
	})
}
