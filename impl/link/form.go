package link

import (
	"context"
	"errors"

	"fincon/impl/account"
	"fincon/impl/bank"
	"fincon/impl/store"
)

// Answer takes the answers to the questions of a hosted form.
func (f *Flows) Answer(ctx context.Context, call Call, signInID string, answers map[string]string) ([]byte, error) {
	at, err := f.find(ctx, call)
	if err != nil {
		return nil, err
	}
	apply, err := f.judge(ctx, at, signInID, answers)
	if err != nil {
		return nil, err
	}
	return f.change(ctx, call, func(_ context.Context, _ *store.Tx, w *flow) (any, error) {
		s, err := w.find(signInID)
		if err != nil {
			return nil, err
		}
		apply(w, s)
		return w.authSession(s), nil
	})
}

// judge has the bank look at answers, and gives back what that changes.
func (f *Flows) judge(ctx context.Context, at place, signInID string, answers map[string]string) (func(*flow, *signIn), error) {
	nothing := func(*flow, *signIn) {}
	w, err := f.read(ctx, at)
	if err != nil {
		return nil, err
	}
	if err := w.usable(); err != nil {
		return nil, err
	}
	s, err := w.find(signInID)
	if err != nil {
		return nil, err
	}
	if s.Status != waiting || s.Step == "" || !concerns(s.Questions, answers) {
		return nothing, nil // answers to what is not asked: the client learns what is
	}
	institution, connector, ok := f.Banks.Institution(s.Institution)
	signer, isSigner := connector.(bank.FormSigner)
	if !ok || !isSigner {
		return nil, f.unavailable(w.institution(s), &bank.Error{Kind: bank.KindBroken, Err: errors.New("it is no longer connected")})
	}
	subject, err := account.Subject(w.Scope, w.session)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, signInPatience)
	defer cancel()
	next, err := signer.Answer(asking, bank.FormRequest{Institution: s.Institution, Subject: subject, Step: s.Step, Answers: answers})
	switch {
	case bank.KindOf(err) == bank.KindDenied:
		return f.ifStill(s, func(w *flow, s *signIn) { w.giveUp(s, failed) }), nil
	case err != nil:
		return nil, f.unavailable(institution, err)
	case next.Granted != nil:
		granted, err := f.renew(ctx, w, *next.Granted)
		if err != nil {
			return nil, err
		}
		return f.ifStill(s, func(w *flow, s *signIn) { w.grant(s, granted) }), nil
	}
	return f.ifStill(s, func(_ *flow, s *signIn) { s.Step, s.Questions = next.Name, next.Questions }), nil
}

// ifStill changes a sign-in that is where it was when the bank was asked; somebody else may have been faster.
func (f *Flows) ifStill(before *signIn, change func(*flow, *signIn)) func(*flow, *signIn) {
	return func(w *flow, s *signIn) {
		if s.Status == waiting && s.Step == before.Step {
			change(w, s)
		}
	}
}

// concerns tells whether any of the questions was answered.
func concerns(questions []bank.Question, answers map[string]string) bool {
	for _, question := range questions {
		if _, ok := answers[question.Name]; ok {
			return true
		}
	}
	return false
}

// Page is what the hosted page of a sign-in shows.
type Page struct {
	Institution string
	Livemode    bool
	Questions   []bank.Question // none when there is a Landing
	Landing     *Landing        // where the person goes now, when the sign-in is over
	Return      string          // where they will be sent when it is; "" for nowhere
}

// Landing is where a person comes out of a sign-in.
type Landing struct {
	Institution string
	Result      Result
	Redirect    string // where the person is sent; "" for a page of this server
}

// Result is how a sign-in ended, in the words of the mobile SDKs (link-protocol 5.7).
type Result string

// How a sign-in can end.
const (
	Success  Result = "success"
	Failure  Result = "failure"
	Canceled Result = "cancel"
)

// FormPage shows the hosted form that a ticket is for. Errors are *apierror.Error when there is none any more.
func (f *Flows) FormPage(ctx context.Context, sealed string) (Page, error) {
	t, err := f.unseal(sealed, useForm)
	if err != nil {
		return Page{}, noPage()
	}
	w, err := f.read(ctx, t.place())
	if err != nil {
		return Page{}, gone(err)
	}
	if err := w.usable(); err != nil {
		return Page{}, err
	}
	s := w.signIn(t.SignIn)
	if s == nil {
		return Page{}, noPage()
	}
	page := Page{Institution: w.institution(s).Name, Livemode: w.Livemode, Questions: s.Questions, Return: s.Return}
	if s.Status != waiting {
		page.Questions, page.Landing = nil, w.landing(s)
	}
	return page, nil
}

// AnswerPage takes what was typed into the hosted form.
func (f *Flows) AnswerPage(ctx context.Context, sealed string, answers map[string]string) error {
	t, err := f.unseal(sealed, useForm)
	if err != nil {
		return noPage()
	}
	apply, err := f.judge(ctx, t.place(), t.SignIn, answers)
	if err != nil {
		return gone(err)
	}
	return f.amend(ctx, t.place(), func(_ context.Context, _ *store.Tx, w *flow) error {
		s := w.signIn(t.SignIn)
		if s == nil {
			return noPage()
		}
		apply(w, s)
		return nil
	})
}

// LeavePage ends the sign-in of the hosted form as the person asks to.
func (f *Flows) LeavePage(ctx context.Context, sealed string) error {
	t, err := f.unseal(sealed, useForm)
	if err != nil {
		return noPage()
	}
	err = f.amend(ctx, t.place(), func(_ context.Context, _ *store.Tx, w *flow) error {
		s := w.signIn(t.SignIn)
		if s == nil {
			return noPage()
		}
		if s.Status == waiting {
			w.giveUp(s, denied)
		}
		return nil
	})
	return gone(err)
}

// landing is where the person goes after the sign-in.
func (w *flow) landing(s *signIn) *Landing {
	landing := &Landing{Institution: w.institution(s).Name, Result: Failure}
	switch w.standing(s) {
	case authorized:
		landing.Result = Success
	case denied, cancelled:
		landing.Result = Canceled
	}
	landing.Redirect = withResult(s.Return, landing.Result, s.ID)
	return landing
}

// gone makes a missing session one that the page is no longer for.
func gone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return noPage()
	}
	return err
}
