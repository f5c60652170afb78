package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"fincon/gen"
	api "fincon/gen/control"
	"fincon/impl/account"
	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/bank"
	"fincon/impl/event"
	"fincon/impl/store"
)

// signer is a connector that signs a person in without asking them anything: that of the test institutions.
type signer interface {
	Grant(institution, subject string) bank.Grant
}

// linkedSession is a session as the API answers it.
type linkedSession struct {
	gen.RetrieveSessionResponseObject
}

func (l linkedSession) VisitLinkSessionResponse(w http.ResponseWriter) error {
	return l.VisitRetrieveSessionResponse(w)
}

// LinkSession does what a person does in the linking flow (POST /sessions/{session}/link).
func (c *Control) LinkSession(ctx context.Context, request api.LinkSessionRequestObject) (api.LinkSessionResponseObject, error) {
	scope := apikey.From(ctx).Scope
	session, err := c.session(ctx, scope, request.Session)
	if err != nil {
		return nil, err
	}
	choice, err := c.choose(ctx, scope, session, request.Body)
	if err != nil {
		return nil, err
	}
	if err := c.link(ctx, choice); err != nil {
		return nil, err
	}
	c.server.Due().Kick()
	answer, err := c.server.RetrieveSession(ctx, gen.RetrieveSessionRequestObject{Session: request.Session})
	if err != nil {
		return nil, err
	}
	return linkedSession{answer}, nil
}

// session reads a session in which accounts can be linked.
func (c *Control) session(ctx context.Context, scope store.Scope, id string) (*gen.Session, error) {
	// For one that does not exist, this has the words.
	if _, err := c.server.RetrieveSession(ctx, gen.RetrieveSessionRequestObject{Session: id}); err != nil {
		return nil, err
	}
	stored, err := c.server.Store.Session(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	return c.usable(stored)
}

func (c *Control) usable(stored []byte) (*gen.Session, error) {
	session := new(gen.Session)
	if err := json.Unmarshal(stored, session); err != nil {
		return nil, fmt.Errorf("read a stored session: %w", err)
	}
	return session, account.CheckSession(session, c.server.Clock.Now())
}

// choose signs the person in and chooses the accounts.
func (c *Control) choose(ctx context.Context, scope store.Scope, session *gen.Session, params *api.SessionLinkParams) (account.Choice, error) {
	choice := account.Choice{Scope: scope, Session: session}
	institution, err := c.institution(session, params.Institution)
	if err != nil {
		return choice, err
	}
	_, connector, _ := c.server.Banks.Institution(institution.ID)
	if err := connector.Available(ctx, institution.ID, c.server.Clock.Now()); err != nil {
		return choice, account.Unavailable(institution, err)
	}
	person, ok := connector.(signer)
	if !ok {
		return choice, apierror.Invalid("institution", fmt.Sprintf("%s is no test institution: a person has to sign in there, "+
			"in the linking flow.", institution.Name))
	}
	subject, err := account.Subject(scope, session)
	if err != nil {
		return choice, err
	}
	choice.Institution = institution
	choice.Grant, err = c.server.Accounts().Renew(ctx, scope, session, person.Grant(institution.ID, subject))
	if err != nil {
		return choice, err
	}
	shared, err := allAccounts(ctx, connector, choice.Grant)
	if err != nil {
		return choice, err
	}
	choice.Accounts, err = pick(session, institution, shared, params.Accounts)
	if institution.PicksAccounts {
		for _, picked := range choice.Accounts {
			choice.Grant.AccountIDs = append(choice.Grant.AccountIDs, picked.ID)
		}
	}
	return choice, err
}

// institution finds an institution by its id or name among those that the session's flow would offer.
func (c *Control) institution(session *gen.Session, wanted string) (bank.Institution, error) {
	var names []string
	for _, institution := range c.server.Banks.Institutions() {
		if !account.Offered(session, institution) {
			continue
		}
		if institution.ID == wanted || strings.EqualFold(institution.Name, wanted) {
			return institution, nil
		}
		names = append(names, institution.Name)
	}
	if len(names) == 0 {
		return bank.Institution{}, apierror.Invalid("institution", "No institution is offered in this session: its mode or its "+
			"filters leave out all of them. Test institutions are for sessions in test mode, and in the country US.")
	}
	return bank.Institution{}, apierror.Invalid("institution", fmt.Sprintf("No institution that is offered in this session is "+
		"called %s. There are: %s.", quote(wanted), strings.Join(names, ", ")))
}

func allAccounts(ctx context.Context, connector bank.Connector, grant bank.Grant) (accounts []bank.Account, err error) {
	connection := bank.Connection{Grant: grant}
	for cursor := ""; ; {
		page, err := connector.Accounts(ctx, connection, cursor)
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, page.Items...)
		if cursor = page.Next; cursor == "" {
			return accounts, nil
		}
	}
}

// pick finds the accounts of these names, or without names those that a person finds chosen already.
func pick(session *gen.Session, institution bank.Institution, shared []bank.Account, names []string) ([]bank.Account, error) {
	if names == nil {
		picked := account.Preselect(session, shared)
		if len(picked) == 0 {
			return nil, apierror.Invalid("institution", fmt.Sprintf("The session's filters leave out every account at %s.", institution.Name))
		}
		return picked, account.CheckChoice(session, picked)
	}
	var picked []bank.Account
	for i, name := range names {
		param := fmt.Sprintf("accounts[%d]", i)
		at := slices.IndexFunc(shared, func(a bank.Account) bool { return strings.EqualFold(a.Name, name) })
		if at < 0 {
			return nil, apierror.Invalid(param, fmt.Sprintf("No account at %s is called %s. There are: %s.", institution.Name,
				quote(name), accountNames(shared)))
		}
		if !account.Selectable(session, shared[at]) {
			return nil, apierror.Invalid(param, fmt.Sprintf("The session's filters leave out the account %s.", quote(name)))
		}
		if !slices.ContainsFunc(picked, func(a bank.Account) bool { return a.ID == shared[at].ID }) {
			picked = append(picked, shared[at])
		}
	}
	return picked, account.CheckChoice(session, picked)
}

func accountNames(accounts []bank.Account) string {
	names := make([]string, len(accounts))
	for i, a := range accounts {
		names[i] = a.Name
	}
	return strings.Join(names, ", ")
}

// quote shows what was asked for, if it is short.
func quote(text string) string {
	const longest = 100
	return "'" + strings.ToValidUTF8(text[:min(len(text), longest)], "?") + "'"
}

// link makes accounts of the choice and completes the session.
func (c *Control) link(ctx context.Context, choice account.Choice) error {
	return c.server.Accounts().Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		stored, err := tx.Session(ctx, choice.Scope, choice.Session.ID)
		if err != nil {
			return err
		}
		if choice.Session, err = c.usable(stored); err != nil {
			return err // somebody was faster
		}
		now := c.server.Clock.Now()
		if _, err := c.server.Accounts().Link(ctx, tx, now, choice); err != nil {
			return err
		}
		return c.server.Accounts().Complete(ctx, tx, now, choice.Scope, choice.Session.ID, event.Request{ID: requestIDFrom(ctx)})
	})
}

type requestIDKey struct{}

func withRequestID(ctx context.Context, request echo.Context) context.Context {
	return context.WithValue(ctx, requestIDKey{}, request.Response().Header().Get("Request-Id"))
}

func requestIDFrom(ctx context.Context) string {
	requestID, _ := ctx.Value(requestIDKey{}).(string)
	return requestID
}
