package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"fincon/gen"
	"fincon/impl/account"
	"fincon/impl/bank"
	"fincon/impl/id"
	"fincon/impl/store"
)

// state is how far a person is, as it is stored.
type state struct {
	Consent int64     `json:"consent,omitempty"`  // when the person agreed, in Unix seconds
	Active  string    `json:"active,omitempty"`   // the sign-in that the person is at; "" while they choose an institution
	SignIns []*signIn `json:"sign_ins,omitempty"` // oldest first
	Linked  []linked  `json:"linked,omitempty"`   // all accounts that were linked, whatever became of their sign-ins

	// Numbers is what was told of the numbers of linked accounts, by their ids: never the account numbers themselves.
	Numbers  map[string]number    `json:"numbers,omitempty"`
	Attached string               `json:"attached,omitempty"` // the account for payments: fca_…, or ba_… if it was typed
	Typed    *gen.LinkBankAccount `json:"typed,omitempty"`
	AtTyped  bool                 `json:"at_typed,omitempty"` // the person is looking at what they typed
	Token    *gen.Token           `json:"token,omitempty"`

	// Asking is which questions a bank is being asked, each with when to give it up in Unix seconds; Troubles is which
	// it refused to answer, until somebody has been told.
	Asking   map[string]int64     `json:"asking,omitempty"`
	Troubles map[string]bank.Kind `json:"troubles,omitempty"`

	Ended   int64                          `json:"ended,omitempty"` // in Unix seconds
	Expired bool                           `json:"expired,omitempty"`
	Outcome gen.LinkSessionStatus          `json:"outcome,omitempty"`
	Reason  gen.LinkSessionCancelledReason `json:"reason,omitempty"` // of a flow that was cancelled
}

// status is how a sign-in stands.
type status string

const (
	waiting    status = "waiting"    // for answers, or for the person to come back from the bank
	finishing  status = "finishing"  // the person is back, and the bank is asked for the grant
	authorized status = "authorized" // the grant is there
	denied     status = "denied"     // the person, or the bank, refused at the bank's own page
	failed     status = "failed"
	cancelled  status = "cancelled"
)

// signIn is one sign-in at an institution.
type signIn struct {
	ID          string          `json:"id"`          // bcsess_…
	Institution string          `json:"institution"` // fcinst_…
	Status      status          `json:"status"`
	Until       int64           `json:"until,omitempty"`       // of finishing: when to give up, in Unix seconds
	URL         string          `json:"url"`                   // where the person signs in
	Return      string          `json:"return,omitempty"`      // where they are sent afterwards; "" for a page of this server
	OAuthState  string          `json:"oauth_state,omitempty"` // digest of what the bank sends back, while it is awaited
	Step        string          `json:"step,omitempty"`        // of the hosted form
	Questions   []bank.Question `json:"questions,omitempty"`
	Told        bool            `json:"told,omitempty"` // the bank has told the accounts
	Offers      []*offer        `json:"offers,omitempty"`
	Chosen      bool            `json:"chosen,omitempty"` // the person has chosen among them
}

// offer is an account that the person shares.
type offer struct {
	ID      string       `json:"id"` // bcacct_…
	Account bank.Account `json:"account"`
	Balance *int64       `json:"balance,omitempty"` // in cents; nil: not asked for, or not told
}

// linked is an account that was linked in this session.
type linked struct {
	Key     string `json:"key"` // institution and the bank's id for the account
	ID      string `json:"id"`  // fca_…
	Payable bool   `json:"payable,omitempty"`
}

// number is what may be told of a number.
type number struct {
	Routing  string `json:"routing"`
	Last4    string `json:"last4"`
	Currency string `json:"currency"`
	BankName string `json:"bank_name,omitempty"`
}

// secret is what is stored sealed of a sign-in.
type secret struct {
	Private []byte      `json:"private,omitempty"` // of bank.Begun
	Grant   *bank.Grant `json:"grant,omitempty"`
}

// typedSecret is the name under which a digest of the numbers that were typed is kept among the secrets.
const typedSecret = "typed"

// flow is a session's flow as it was read.
type flow struct {
	place
	state
	now      time.Time
	session  *gen.Session
	secrets  map[string]secret // by the ids of sign-ins
	banks    *bank.Directory
	business string // who asks for the data; "" if that is not said
	begun    bool   // it is stored
	withheld bool   // what is sealed could not be opened: another key is in use
}

// read reads a flow to be looked at.
func (f *Flows) read(ctx context.Context, at place) (*flow, error) {
	body, err := f.Store.Session(ctx, at.Scope, at.session)
	if err != nil {
		return nil, err
	}
	row, err := f.Store.Flow(ctx, at.Scope, at.session)
	return f.decode(at, body, row, err)
}

// load reads a flow to be changed, and keeps it from others until the transaction ends. The session's row is the one that
// is there in any case, so it is held first.
func (f *Flows) load(ctx context.Context, tx *store.Tx, at place) (*flow, error) {
	body, err := tx.Session(ctx, at.Scope, at.session)
	if err != nil {
		return nil, err
	}
	row, err := tx.Flow(ctx, at.Scope, at.session)
	return f.decode(at, body, row, err)
}

func (f *Flows) decode(at place, body []byte, row store.Flow, err error) (*flow, error) {
	session, bodyErr := f.lately.session(at, body)
	if bodyErr != nil {
		return nil, bodyErr
	}
	w := &flow{place: at, now: f.Now(), session: session, secrets: map[string]secret{}, banks: f.Banks, business: f.BusinessName}
	if errors.Is(err, store.ErrNotFound) {
		return w, nil
	}
	if err != nil {
		return nil, err
	}
	w.begun = true
	if err := json.Unmarshal(row.State, &w.state); err != nil {
		return nil, fmt.Errorf("read a stored flow: %w", err)
	}
	if len(row.Sealed) == 0 {
		return w, nil
	}
	plain, err := f.Vault.Open(row.Sealed)
	if err != nil {
		f.Log.Warn("what is sealed of a flow cannot be opened: the key has changed", "session", at.session)
		w.withheld = true
		return w, nil
	}
	if err := json.Unmarshal(plain, &w.secrets); err != nil {
		return nil, errors.New("what is sealed of a flow cannot be read")
	}
	return w, nil
}

// maxSignIns is how many sign-ins of a flow are remembered.
const maxSignIns = 20

// save stores the flow. The first time, it makes due what happens when the flow is left for good.
func (f *Flows) save(ctx context.Context, tx *store.Tx, w *flow) error {
	if over := len(w.SignIns) - maxSignIns; over > 0 {
		for _, s := range w.SignIns[:over] {
			delete(w.secrets, s.ID)
		}
		w.SignIns = slices.Delete(w.SignIns, 0, over)
	}
	row := store.Flow{Session: w.place.session}
	var err error
	if row.State, err = json.Marshal(w.state); err != nil {
		return fmt.Errorf("encode a flow: %w", err)
	}
	if len(w.secrets) > 0 {
		plain, err := json.Marshal(w.secrets)
		if err != nil {
			return errors.New("encode what is secret of a flow")
		}
		if row.Sealed, err = f.Vault.Seal(plain); err != nil {
			return err
		}
	}
	if !w.begun && w.Ended == 0 {
		if err := tx.InsertDue(ctx, store.Due{
			Scope: w.Scope, ID: id.New("due_", w.now), Kind: expireKind, Key: w.place.session, DueAt: w.expires().Unix(), Payload: []byte("{}"),
		}); err != nil {
			return err
		}
	}
	return tx.PutFlow(ctx, w.Scope, row)
}

// expires is when the client_secret ends.
func (w *flow) expires() time.Time {
	return time.Unix(id.Created(w.session.ID), 0).Add(account.SessionLifetime)
}

// usable refuses flows that cannot go on, and says why.
func (w *flow) usable() error {
	switch elsewhere := w.session.Accounts.TotalCount > 0 && len(w.Linked) == 0; {
	case w.Expired:
		return expired(w.session.ID)
	case w.Ended != 0 || elsewhere:
		return used(w.session.ID)
	case !w.now.Before(w.expires()):
		return expired(w.session.ID)
	}
	return nil
}

func (w *flow) signIn(id string) *signIn {
	for _, s := range w.SignIns {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// find is signIn for an id that a client sent.
func (w *flow) find(id string) (*signIn, error) {
	if s := w.signIn(id); s != nil {
		return s, nil
	}
	return nil, noSignIn()
}

// standing is how the sign-in stands now: one that was not finished in time never will be.
func (w *flow) standing(s *signIn) status {
	if s.Status == finishing && w.now.Unix() >= s.Until {
		return failed
	}
	return s.Status
}

// open tells whether the sign-in can still come to something.
func (w *flow) open(s *signIn) bool {
	switch w.standing(s) {
	case waiting, finishing, authorized:
		return true
	}
	return false
}

// institution is where the sign-in is. One that is no longer served has no name.
func (w *flow) institution(s *signIn) bank.Institution {
	institution, _, ok := w.banks.Institution(s.Institution)
	if !ok {
		return bank.Institution{ID: s.Institution, LinkID: s.Institution, Name: "A bank that is no longer connected"}
	}
	return institution
}

// linkedID is the id of the account if it was linked in this session, "" if not.
func (w *flow) linkedID(s *signIn, o *offer) string {
	key := keyOf(s, o)
	for _, l := range w.Linked {
		if l.Key == key {
			return l.ID
		}
	}
	return ""
}

func keyOf(s *signIn, o *offer) string { return s.Institution + "/" + o.Account.ID }
