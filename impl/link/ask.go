package link

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"fincon/impl/apierror"
	"fincon/impl/bank"
	"fincon/impl/id"
	"fincon/impl/store"
)

// askKind is a question to a bank that took too long for the call that needed it. Key: session and question.
const askKind = "link.ask"

// A question to a bank is one of these with, behind a slash, what it is about.
const (
	askAccounts = "accounts" // of a sign-in: what does the person share?
	askNumbers  = "numbers"  // of a linked account: what is its number?
)

// askTries is how often a bank that says "later" is asked in the background.
const askTries = 5

// answered sees to it that the flow has a bank's answer. It waits a little for it; what takes longer goes on as work that
// is due, and the caller is told to come again. A bank that refuses is a *bank.Error, told once: whoever comes then asks
// anew. One question is asked by one at a time, because an answer may come with new tokens.
func (f *Flows) answered(ctx context.Context, at place, question string) error {
	claimed, err := f.claim(ctx, at, question)
	if err != nil || !claimed {
		return err
	}
	quick, cancel := context.WithTimeout(ctx, f.Patience)
	defer cancel()
	err = f.ask(quick, at, question, nil)
	if err == nil {
		return nil
	}
	later := f.Now()
	if fault, ok := errors.AsType[*bank.Error](err); ok && fault.Kind != bank.KindRetryLater {
		return errors.Join(err, f.amendAlways(ctx, at, func(_ context.Context, _ *store.Tx, w *flow) error {
			delete(w.Asking, question)
			return nil
		}))
	} else if ok {
		later = later.Add(max(fault.RetryAfter, time.Second))
	} else if quick.Err() == nil {
		return err // a fault of the server's own
	}
	if err := f.amendAlways(ctx, at, func(ctx context.Context, tx *store.Tx, w *flow) error {
		w.Asking[question] = w.expires().Unix() // as long as the work is due
		return tx.InsertDue(ctx, store.Due{
			Scope: at.Scope, ID: id.New("due_", w.now), Kind: askKind, Key: at.session + "/" + question,
			DueAt: later.Unix(), Payload: []byte("{}"),
		})
	}); err != nil {
		return err
	}
	f.runner.Kick()
	return notYet()
}

// amendAlways is amend for when the caller may be gone.
func (f *Flows) amendAlways(ctx context.Context, at place, change func(context.Context, *store.Tx, *flow) error) error {
	return f.amend(context.WithoutCancel(ctx), at, change)
}

func notYet() error {
	return apierror.NotYet("The bank has not answered yet. Ask again in a moment.")
}

// claim takes a question, so that nobody else asks it. It is false when there is nothing to ask.
func (f *Flows) claim(ctx context.Context, at place, question string) (claimed bool, err error) {
	var trouble error
	err = f.amend(ctx, at, func(_ context.Context, _ *store.Tx, w *flow) error {
		claimed, trouble = false, nil
		if w.has(question) {
			return nil
		}
		if kind, ok := w.Troubles[question]; ok {
			delete(w.Troubles, question)
			trouble = &bank.Error{Kind: kind}
			return nil
		}
		if w.Asking[question] > w.now.Unix() {
			return notYet()
		}
		if w.Asking == nil {
			w.Asking = map[string]int64{}
		}
		w.Asking[question] = w.now.Add(f.Patience + 10*time.Second).Unix()
		claimed = true
		return nil
	})
	return claimed, errors.Join(err, trouble)
}

// has tells whether the bank's answer is there.
func (w *flow) has(question string) bool {
	switch kind, about, _ := strings.Cut(question, "/"); kind {
	case askAccounts:
		s := w.signIn(about)
		return s == nil || s.Told || w.standing(s) != authorized // of one that is over, nothing will be told
	default:
		_, ok := w.Numbers[about]
		return ok
	}
}

// ask asks the bank and keeps its answer, together with what else is to be written.
func (f *Flows) ask(ctx context.Context, at place, question string, also func(context.Context, *store.Tx) error) error {
	put, err := f.put(ctx, at, question)
	if err != nil {
		return err
	}
	return f.amendAlways(ctx, at, func(ctx context.Context, tx *store.Tx, w *flow) error {
		if !w.has(question) {
			put(w)
		}
		delete(w.Asking, question)
		if also != nil {
			return also(ctx, tx)
		}
		return nil
	})
}

// put asks the bank and gives back what keeps its answer.
func (f *Flows) put(ctx context.Context, at place, question string) (func(*flow), error) {
	kind, about, _ := strings.Cut(question, "/")
	if kind == askNumbers {
		return f.fetchNumbers(ctx, at, about)
	}
	w, err := f.read(ctx, at)
	if err != nil {
		return nil, err
	}
	s := w.signIn(about)
	if s == nil {
		return func(*flow) {}, nil
	}
	return f.fetchAccounts(ctx, w, s)
}

// runAsk asks a bank that took too long.
func (f *Flows) runAsk(ctx context.Context, work store.Due) error {
	session, question, _ := strings.Cut(work.Key, "/")
	at := place{work.Scope, session}
	w, err := f.read(ctx, at)
	if errors.Is(err, store.ErrNotFound) || err == nil && (w.usable() != nil || w.has(question)) {
		return f.drop(ctx, work) // nobody waits for it any more
	}
	if err != nil {
		return err
	}
	drop := func(ctx context.Context, tx *store.Tx) error { return tx.DeleteDue(ctx, work) }
	err = f.ask(ctx, at, question, drop)
	kind := bank.KindOf(err)
	switch tooLong := errors.Is(err, context.DeadlineExceeded); {
	case err == nil:
		return nil
	case kind == "" && !tooLong:
		return err
	case (kind == bank.KindRetryLater || tooLong) && work.Attempt < askTries:
		pause := time.Second << work.Attempt
		if fault, ok := errors.AsType[*bank.Error](err); ok {
			pause = max(pause, fault.RetryAfter)
		}
		return f.Store.Write(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
			return tx.RescheduleDue(ctx, work, f.Now().Add(pause).Unix())
		})
	case tooLong:
		kind = bank.KindUnavailable
	}
	return f.amendAlways(ctx, at, func(ctx context.Context, tx *store.Tx, w *flow) error {
		delete(w.Asking, question)
		w.Troubles = withTrouble(w.Troubles, question, kind)
		return drop(ctx, tx)
	})
}

func withTrouble(troubles map[string]bank.Kind, question string, kind bank.Kind) map[string]bank.Kind {
	if troubles = maps.Clone(troubles); troubles == nil {
		troubles = map[string]bank.Kind{}
	}
	troubles[question] = kind
	return troubles
}

func (f *Flows) drop(ctx context.Context, work store.Due) error {
	return f.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteDue(ctx, work) })
}
