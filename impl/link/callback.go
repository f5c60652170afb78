package link

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/url"
	"strings"
	"time"

	"fincon/impl/apierror"
	"fincon/impl/bank"
	"fincon/impl/store"
)

// finishTime is how long the exchange with the bank may take before a sign-in is given up; longer than signInPatience.
const finishTime = time.Minute

// Callback takes a person who comes back from a bank, with the whole query. Errors are *apierror.Error when the state is
// not one that is awaited: nothing changes then.
func (f *Flows) Callback(ctx context.Context, query url.Values) (Landing, error) {
	states := query["state"]
	if len(states) != 1 {
		return Landing{}, noReturn()
	}
	t, err := f.unseal(states[0], useOAuth)
	if err != nil {
		return Landing{}, noReturn()
	}
	private, institution, err := f.takeState(ctx, t, states[0])
	if err != nil {
		return Landing{}, gone(err)
	}
	// The code works once, and the person waits: what is begun is ended, whatever becomes of the request.
	ctx = context.WithoutCancel(ctx)
	granted, problem := f.finish(ctx, t, institution, private, query)
	landing := Landing{Institution: institution.Name, Result: Failure}
	err = f.amend(ctx, t.place(), func(ctx context.Context, tx *store.Tx, w *flow) error {
		s := w.signIn(t.SignIn)
		if s == nil || w.standing(s) != finishing {
			return noReturn()
		}
		switch {
		case problem == nil:
			w.grant(s, granted)
		case bank.KindOf(problem) == bank.KindDenied:
			w.giveUp(s, denied)
		default:
			w.giveUp(s, failed)
		}
		landing = *w.landing(s)
		return nil
	})
	return landing, gone(err)
}

// takeState uses up the state that a bank sent back. A second time there is nothing to use up.
func (f *Flows) takeState(ctx context.Context, t ticket, state string) (private []byte, institution bank.Institution, err error) {
	err = f.amend(ctx, t.place(), func(_ context.Context, _ *store.Tx, w *flow) error {
		s := w.signIn(t.SignIn)
		if s == nil || s.Status != waiting || subtle.ConstantTimeCompare([]byte(s.OAuthState), []byte(digest(state))) != 1 {
			return noReturn()
		}
		s.Status, s.Until, s.OAuthState = finishing, w.now.Add(finishTime).Unix(), ""
		private, institution = w.secrets[s.ID].Private, w.institution(s)
		return nil
	})
	return private, institution, err
}

// finish exchanges what the bank sent for a grant.
func (f *Flows) finish(ctx context.Context, t ticket, institution bank.Institution, private []byte, query url.Values) (bank.Grant, error) {
	_, connector, _ := f.Banks.Institution(institution.ID)
	authorizer, ok := connector.(bank.Authorizer)
	if !ok {
		return bank.Grant{}, &bank.Error{Kind: bank.KindBroken, Err: errors.New("the institution is no longer connected")}
	}
	asking, cancel := context.WithTimeout(ctx, signInPatience)
	defer cancel()
	granted, err := authorizer.Finish(asking, institution.ID, private, query)
	if err != nil {
		f.Log.Warn("a sign-in at a bank came to nothing", "institution", institution.ID, "kind", bank.KindOf(err))
		return bank.Grant{}, err
	}
	w, err := f.read(ctx, t.place())
	if err != nil {
		return bank.Grant{}, err
	}
	return f.renew(ctx, w, granted)
}

// withResult adds how the sign-in ended to where the person is sent.
func withResult(target string, result Result, signInID string) string {
	if target == "" {
		return ""
	}
	target, fragment, hasFragment := strings.Cut(target, "#")
	separator := "?"
	if strings.Contains(target, "?") {
		separator = "&"
	}
	target += separator + "status=" + string(result) + "&authSessionId=" + url.QueryEscape(signInID)
	if hasFragment {
		target += "#" + fragment
	}
	return target
}

func noReturn() error {
	return apierror.Invalid("state", "This sign-in is not awaited here: it was finished already, another one has taken its place, "+
		"or it did not begin here.")
}

func noPage() error {
	return apierror.Invalid("token", "This page is for a sign-in that does not exist any more.")
}
