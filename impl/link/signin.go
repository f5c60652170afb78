package link

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"fincon/gen"
	"fincon/impl/account"
	"fincon/impl/apierror"
	"fincon/impl/bank"
	"fincon/impl/id"
	"fincon/impl/store"
)

// The paths, on this server, that people come to.
const (
	CallbackPath = "/link/oauth/callback" // from a bank
	SignInPath   = "/link/sign-in"        // the hosted form
	ModalPath    = "/link/modal"          // the whole flow, in a frame
	FlowPath     = "/link/flow"           // the whole flow, as a page of its own
	SuccessPath  = "/link/success"        // where it ends when accounts were linked
	CancelPath   = "/link/cancel"         // where it ends otherwise
)

// SignIn begins a sign-in at an institution. One that is still waiting is given up: a person is at one bank at a time.
func (f *Flows) SignIn(ctx context.Context, call Call, institutionID string, returnURL *string) ([]byte, error) {
	w, err := f.look(ctx, call)
	if err != nil {
		return nil, err
	}
	if w.Consent == 0 {
		return nil, apierror.Invalid("", "The person has not agreed to share anything yet: record the consent first "+
			"(POST /v1/link_account_sessions/consent_acquired).")
	}
	institution, connector, err := w.offered(institutionID)
	if err != nil {
		return nil, err
	}
	s := &signIn{ID: id.New("bcsess_", w.now), Institution: institution.ID, Status: waiting}
	if s.Return, err = returnTo(w.session, returnURL); err != nil {
		return nil, err
	}
	private, err := f.begin(ctx, call, w, s, institution, connector)
	if err != nil {
		return nil, err
	}
	return f.change(ctx, call, func(_ context.Context, _ *store.Tx, w *flow) (any, error) {
		for _, earlier := range w.SignIns {
			if earlier.Status == waiting || earlier.Status == finishing {
				w.giveUp(earlier, cancelled)
			}
		}
		w.SignIns = append(w.SignIns, s)
		w.Active, w.AtTyped = s.ID, false
		if private != nil {
			w.secrets[s.ID] = secret{Private: private}
		}
		return w.authSession(s), nil
	})
}

// offered finds an institution that can be chosen, by either of its ids.
func (w *flow) offered(wanted string) (bank.Institution, bank.Connector, error) {
	for _, institution := range w.banks.Institutions() {
		if (institution.LinkID == wanted || institution.ID == wanted) && account.Offered(w.session, institution) {
			_, connector, _ := w.banks.Institution(institution.ID)
			return institution, connector, nil
		}
	}
	return bank.Institution{}, nil, apierror.Invalid("institution", "No such institution is offered in this session.").WithCode("resource_missing")
}

// begin asks the bank to sign somebody in, and fills in what the client needs for it.
func (f *Flows) begin(ctx context.Context, call Call, w *flow, s *signIn, institution bank.Institution, connector bank.Connector) (private []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, signInPatience)
	defer cancel()
	if err := connector.Available(ctx, institution.ID, w.now); err != nil {
		return nil, f.unavailable(institution, err)
	}
	if !institution.OAuth {
		return nil, f.beginForm(ctx, call, w, s, institution, connector)
	}
	authorizer, ok := connector.(bank.Authorizer)
	if !ok {
		return nil, f.unavailable(institution, &bank.Error{Kind: bank.KindBroken, Err: errors.New("it has no way to sign in")})
	}
	subject, err := account.Subject(w.Scope, w.session)
	if err != nil {
		return nil, err
	}
	state, err := f.seal(ticket{Use: useOAuth, Scope: w.Scope, Session: w.session.ID, SignIn: s.ID})
	if err != nil {
		return nil, err
	}
	begun, err := authorizer.Begin(ctx, bank.BeginRequest{
		Institution: institution.ID, Subject: subject, RedirectURI: call.BaseURL + CallbackPath, State: state,
	})
	if err != nil {
		return nil, f.unavailable(institution, err)
	}
	s.URL, s.OAuthState = begun.URL, digest(state)
	return begun.Private, nil
}

func (f *Flows) beginForm(ctx context.Context, call Call, w *flow, s *signIn, institution bank.Institution, connector bank.Connector) error {
	signer, ok := connector.(bank.FormSigner)
	if !ok {
		return f.unavailable(institution, &bank.Error{Kind: bank.KindBroken, Err: errors.New("it has no way to sign in")})
	}
	asked, err := signer.Form(ctx, institution.ID)
	if err != nil {
		return f.unavailable(institution, err)
	}
	token, err := f.seal(ticket{Use: useForm, Scope: w.Scope, Session: w.session.ID, SignIn: s.ID})
	if err != nil {
		return err
	}
	s.URL = call.BaseURL + SignInPath + "?token=" + token
	s.Step, s.Questions = asked.Name, asked.Questions
	return nil
}

// unavailable is the answer when nobody can sign in at the bank (link-protocol 5.6).
func (f *Flows) unavailable(institution bank.Institution, err error) error {
	f.Log.Warn("nobody can sign in at a bank", "institution", institution.ID, "cause", err)
	kind := bank.KindOf(err)
	switch {
	case errors.Is(err, context.DeadlineExceeded) || kind == bank.KindRetryLater:
		err = &bank.Error{Kind: bank.KindUnavailable, Err: err}
	case kind != "" && kind != bank.KindUnavailable:
		err = &bank.Error{Kind: bank.KindBroken, Err: err}
	}
	err = account.Unavailable(institution, err)
	if refused, ok := errors.AsType[*apierror.Error](err); ok && refused.ExtraFields != nil {
		refused.Code = "institution_unavailable"
	}
	return err
}

// applicationID is what an app can be called.
var applicationID = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,255}$`)

// returnTo is where a person is sent after a sign-in: to the session's return_url, to an app of the mobile SDKs
// (link-protocol 5.7), or nowhere: the window in which they signed in closes. A client cannot name any other place.
func returnTo(session *gen.Session, wanted *string) (string, error) {
	stored := ""
	if session.ReturnURL != nil {
		stored = *session.ReturnURL
	}
	if wanted == nil || *wanted == "" || *wanted == stored {
		return stored, nil
	}
	switch *wanted {
	case "page":
		return "", nil
	case "ios":
		return "stripe://auth-redirect", nil
	}
	if app, ok := strings.CutPrefix(*wanted, "auth-redirect/"); ok && applicationID.MatchString(app) {
		return "stripe://" + *wanted, nil
	}
	return "", apierror.Invalid("return_url", "Invalid return_url: must be `ios`, `auth-redirect/` and an application id, `page`, or "+
		"exactly the return_url with which the session was created.")
}

// RetrieveSignIn shows a sign-in.
func (f *Flows) RetrieveSignIn(ctx context.Context, call Call, signInID string) ([]byte, error) {
	return f.show(ctx, call, func(w *flow) (any, error) {
		s, err := w.find(signInID)
		if err != nil {
			return nil, err
		}
		return w.authSession(s), nil
	})
}

// OAuthResults tells how a sign-in ended.
func (f *Flows) OAuthResults(ctx context.Context, call Call, signInID string) ([]byte, error) {
	return f.show(ctx, call, func(w *flow) (any, error) {
		s, err := w.find(signInID)
		if err != nil {
			return nil, err
		}
		results := gen.LinkOAuthResults{State: s.ID, Status: gen.LinkOAuthResultsStatusFailure}
		switch w.standing(s) {
		case waiting, finishing:
			return nil, apierror.NotYet("The person has not come back from the bank yet. Ask again in a moment.")
		case authorized:
			results.Status = gen.LinkOAuthResultsStatusSuccess
		case denied:
			results.Error = text("access_denied")
		default:
			results.Error = text("sign_in_" + string(w.standing(s)))
		}
		return results, nil
	})
}

// CancelSignIn ends a sign-in of which nothing was linked.
func (f *Flows) CancelSignIn(ctx context.Context, call Call, signInID string) ([]byte, error) {
	return f.change(ctx, call, func(ctx context.Context, tx *store.Tx, w *flow) (any, error) {
		s, err := w.find(signInID)
		if err != nil {
			return nil, err
		}
		if !s.Chosen && w.standing(s) != failed {
			if err := f.discard(ctx, tx, w, s); err != nil {
				return nil, err
			}
			w.giveUp(s, cancelled)
		}
		return w.authSession(s), nil
	})
}

// giveUp ends a sign-in without a result.
func (w *flow) giveUp(s *signIn, how status) {
	s.Status, s.OAuthState, s.Step, s.Questions, s.Offers, s.Told = how, "", "", nil, nil, false
	delete(w.secrets, s.ID)
}

// grant takes up what a sign-in resulted in.
func (w *flow) grant(s *signIn, granted bank.Grant) {
	s.Status, s.OAuthState, s.Step, s.Questions = authorized, "", "", nil
	w.secrets[s.ID] = secret{Grant: &granted}
}

// renew counts how often the person has signed in again there. The accounts are not linked yet.
func (f *Flows) renew(ctx context.Context, w *flow, granted bank.Grant) (bank.Grant, error) {
	renewed, err := f.Accounts.Renew(ctx, w.Scope, w.session, granted)
	renewed.Linked = granted.Linked
	return renewed, err
}

func noSignIn() error {
	return apierror.Invalid("id", "No such auth session in this flow.").WithCode("resource_missing")
}

func text(s string) *string { return &s }
