package impl

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"fincon/gen"
	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/idempotency"
	"fincon/impl/link"
	"fincon/impl/store"
)

// linkJSON is what the linking flow's operations answer.
type linkJSON []byte

func (b linkJSON) write(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, b)
	return nil
}

func (b linkJSON) VisitSynchronizeLinkResponse(w http.ResponseWriter) error    { return b.write(w) }
func (b linkJSON) VisitAcquireLinkConsentResponse(w http.ResponseWriter) error { return b.write(w) }
func (b linkJSON) VisitListFeaturedInstitutionsResponse(w http.ResponseWriter) error {
	return b.write(w)
}
func (b linkJSON) VisitSearchInstitutionsResponse(w http.ResponseWriter) error  { return b.write(w) }
func (b linkJSON) VisitCreateAuthSessionResponse(w http.ResponseWriter) error   { return b.write(w) }
func (b linkJSON) VisitRetrieveAuthSessionResponse(w http.ResponseWriter) error { return b.write(w) }
func (b linkJSON) VisitRecordAuthSessionEventsResponse(w http.ResponseWriter) error {
	return b.write(w)
}
func (b linkJSON) VisitAnswerAuthSessionResponse(w http.ResponseWriter) error    { return b.write(w) }
func (b linkJSON) VisitRetrieveOAuthResultsResponse(w http.ResponseWriter) error { return b.write(w) }
func (b linkJSON) VisitAuthorizeAuthSessionResponse(w http.ResponseWriter) error { return b.write(w) }
func (b linkJSON) VisitCancelAuthSessionResponse(w http.ResponseWriter) error    { return b.write(w) }
func (b linkJSON) VisitListAuthSessionAccountsResponse(w http.ResponseWriter) error {
	return b.write(w)
}
func (b linkJSON) VisitSelectAuthSessionAccountsResponse(w http.ResponseWriter) error {
	return b.write(w)
}
func (b linkJSON) VisitAttachPaymentAccountResponse(w http.ResponseWriter) error { return b.write(w) }
func (b linkJSON) VisitLinkMoreAccountsResponse(w http.ResponseWriter) error     { return b.write(w) }
func (b linkJSON) VisitCompleteLinkResponse(w http.ResponseWriter) error         { return b.write(w) }
func (b linkJSON) VisitRetrieveLinkReceiptResponse(w http.ResponseWriter) error  { return b.write(w) }
func (b linkJSON) VisitListLinkedAccountsResponse(w http.ResponseWriter) error   { return b.write(w) }

// linkAnswer leaves no answer where there is an error.
func linkAnswer(answer []byte, err error) (linkJSON, error) {
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// client is what a call of the linking flow says of whoever made it, besides the key's scope.
type client struct{ baseURL, key, connectedAccount string }

type clientKey struct{}

func (s *Server) withClient(ctx context.Context, request *http.Request) context.Context {
	return context.WithValue(ctx, clientKey{}, client{
		baseURL: s.baseURL(request), key: apikey.PublishableKey(request.Header),
		connectedAccount: request.Header.Get("Stripe-Account"),
	})
}

// baseURL is where this server is reached, without a slash at the end.
func (s *Server) baseURL(request *http.Request) string {
	if s.PublicURL != "" {
		return s.PublicURL
	}
	return "http://" + request.Host
}

// linkCall is a call of the linking flow with its session's client_secret.
func (s *Server) linkCall(ctx context.Context, clientSecret string) link.Call {
	from, _ := ctx.Value(clientKey{}).(client)
	return link.Call{
		Scope: apikey.From(ctx).Scope, Secret: clientSecret, BaseURL: from.baseURL, Key: from.key,
		ConnectedAccount: from.connectedAccount, Cause: s.cause(ctx), Write: s.write,
	}
}

// readOnly is for calls that change nothing: there is a transaction only to keep the answer under an idempotency key.
func (s *Server) readOnly(call link.Call) link.Call {
	call.Write = func(ctx context.Context, work func(context.Context, *store.Tx) ([]byte, error)) ([]byte, error) {
		if idempotency.From(ctx) == nil {
			return work(ctx, nil)
		}
		return s.write(ctx, work)
	}
	return call
}

// allowOrigins lets pages of any site call the linking flow: they prove by key and client_secret that they may, and no
// cookies are used. It answers their preflights' questions.
func (s *Server) allowOrigins(ctx echo.Context) error {
	if !s.contract.ForClients(ctx.Path()) {
		return nil
	}
	header := ctx.Response().Header()
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Access-Control-Expose-Headers", "Request-Id, Stripe-Should-Retry, Stripe-Version")
	if ctx.Request().Method == http.MethodOptions {
		header.Set("Access-Control-Allow-Methods", "GET, POST")
		header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Stripe-Account, Stripe-Version, "+
			"X-Stripe-Client-User-Agent")
		header.Set("Access-Control-Max-Age", "86400")
	}
	return nil
}

// isPreflight tells whether a browser asks if a page may call the linking flow. It sends no key with that.
func (s *Server) isPreflight(ctx echo.Context) bool {
	return ctx.Request().Method == http.MethodOptions && s.contract.ForClients(ctx.Path())
}

func preflight(ctx echo.Context) error { return ctx.NoContent(http.StatusNoContent) }

// SynchronizeLink begins or resumes the flow (POST /v1/financial_connections/sessions/synchronize).
func (s *Server) SynchronizeLink(ctx context.Context, request gen.SynchronizeLinkRequestObject) (gen.SynchronizeLinkResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return linkAnswer(s.links.Synchronize(ctx, s.readOnly(s.linkCall(ctx, params.ClientSecret))))
}

// AcquireLinkConsent records the consent (POST /v1/link_account_sessions/consent_acquired).
func (s *Server) AcquireLinkConsent(ctx context.Context, request gen.AcquireLinkConsentRequestObject) (gen.AcquireLinkConsentResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return linkAnswer(s.links.Agree(ctx, s.linkCall(ctx, params.ClientSecret)))
}

// ListFeaturedInstitutions lists the institutions that are shown at first (GET /v1/connections/featured_institutions).
func (s *Server) ListFeaturedInstitutions(ctx context.Context, request gen.ListFeaturedInstitutionsRequestObject) (gen.ListFeaturedInstitutionsResponseObject, error) {
	params := request.Params
	return linkAnswer(s.links.Featured(ctx, s.readOnly(s.linkCall(ctx, params.ClientSecret)), number(params.Limit)))
}

// SearchInstitutions lists the institutions of a name (GET /v1/connections/institutions).
func (s *Server) SearchInstitutions(ctx context.Context, request gen.SearchInstitutionsRequestObject) (gen.SearchInstitutionsResponseObject, error) {
	params := request.Params
	return linkAnswer(s.links.Search(ctx, s.readOnly(s.linkCall(ctx, params.ClientSecret)), params.Query, number(params.Limit)))
}

func number(limit *int64) int {
	if limit == nil {
		return 0
	}
	return int(*limit)
}

// CreateAuthSession begins a sign-in (POST /v1/connections/auth_sessions).
func (s *Server) CreateAuthSession(ctx context.Context, request gen.CreateAuthSessionRequestObject) (gen.CreateAuthSessionResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return linkAnswer(s.links.SignIn(ctx, s.linkCall(ctx, params.ClientSecret), params.Institution, params.ReturnURL))
}

// RetrieveAuthSession shows a sign-in (POST /v1/connections/auth_sessions/retrieve).
func (s *Server) RetrieveAuthSession(ctx context.Context, request gen.RetrieveAuthSessionRequestObject) (gen.RetrieveAuthSessionResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return linkAnswer(s.links.RetrieveSignIn(ctx, s.readOnly(s.linkCall(ctx, params.ClientSecret)), params.ID))
}

// RecordAuthSessionEvents takes what a client observed, and shows the sign-in (POST /v1/connections/auth_sessions/events).
func (s *Server) RecordAuthSessionEvents(ctx context.Context, request gen.RecordAuthSessionEventsRequestObject) (gen.RecordAuthSessionEventsResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return linkAnswer(s.links.RetrieveSignIn(ctx, s.readOnly(s.linkCall(ctx, params.ClientSecret)), params.ID))
}

// AnswerAuthSession answers a hosted form's questions (POST /v1/connections/auth_sessions/answers).
func (s *Server) AnswerAuthSession(ctx context.Context, request gen.AnswerAuthSessionRequestObject) (gen.AnswerAuthSessionResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return linkAnswer(s.links.Answer(ctx, s.linkCall(ctx, params.ClientSecret), params.ID, params.Answers))
}

// RetrieveOAuthResults tells how a sign-in ended (POST /v1/connections/auth_sessions/oauth_results).
func (s *Server) RetrieveOAuthResults(ctx context.Context, request gen.RetrieveOAuthResultsRequestObject) (gen.RetrieveOAuthResultsResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return linkAnswer(s.links.OAuthResults(ctx, s.readOnly(s.linkCall(ctx, params.ClientSecret)), params.ID))
}

// AuthorizeAuthSession shows a sign-in after the person came back: the grant was taken up when they did
// (POST /v1/connections/auth_sessions/authorized).
func (s *Server) AuthorizeAuthSession(ctx context.Context, request gen.AuthorizeAuthSessionRequestObject) (gen.AuthorizeAuthSessionResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return linkAnswer(s.links.RetrieveSignIn(ctx, s.readOnly(s.linkCall(ctx, params.ClientSecret)), params.ID))
}

// CancelAuthSession ends a sign-in (POST /v1/connections/auth_sessions/cancel).
func (s *Server) CancelAuthSession(ctx context.Context, request gen.CancelAuthSessionRequestObject) (gen.CancelAuthSessionResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return linkAnswer(s.links.CancelSignIn(ctx, s.linkCall(ctx, params.ClientSecret), params.ID))
}

// ListAuthSessionAccounts lists the accounts at the institution (POST /v1/connections/auth_sessions/accounts).
func (s *Server) ListAuthSessionAccounts(ctx context.Context, request gen.ListAuthSessionAccountsRequestObject) (gen.ListAuthSessionAccountsResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return linkAnswer(s.links.ListOffers(ctx, s.readOnly(s.linkCall(ctx, params.ClientSecret)), params.ID))
}

// SelectAuthSessionAccounts links accounts (POST /v1/connections/auth_sessions/selected_accounts).
func (s *Server) SelectAuthSessionAccounts(ctx context.Context, request gen.SelectAuthSessionAccountsRequestObject) (gen.SelectAuthSessionAccountsResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return linkAnswer(s.links.Select(ctx, s.linkCall(ctx, params.ClientSecret), params.ID, params.SelectedAccounts))
}

// AttachPaymentAccount attaches an account for payments (POST /v1/link_account_sessions/attach_payment_account).
func (s *Server) AttachPaymentAccount(ctx context.Context, request gen.AttachPaymentAccountRequestObject) (gen.AttachPaymentAccountResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	call := s.linkCall(ctx, params.ClientSecret)
	switch {
	case params.BankAccount != nil && params.LinkedAccount != nil:
		return nil, apierror.Exclusive("bank_account", "linked_account")
	case params.Type == gen.PaymentAccountParamsTypeBankAccount && params.BankAccount == nil:
		return nil, apierror.Missing("bank_account")
	case params.Type == gen.PaymentAccountParamsTypeLinkedAccount && params.LinkedAccount == nil:
		return nil, apierror.Missing("linked_account")
	case params.LinkedAccount != nil:
		return linkAnswer(s.links.AttachLinked(ctx, call, params.LinkedAccount.ID))
	}
	return linkAnswer(s.links.AttachTyped(ctx, call, params.BankAccount.RoutingNumber, params.BankAccount.AccountNumber))
}

// LinkMoreAccounts goes back to the choice of the institution (POST /v1/link_account_sessions/link_more_accounts).
func (s *Server) LinkMoreAccounts(ctx context.Context, request gen.LinkMoreAccountsRequestObject) (gen.LinkMoreAccountsResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	return linkAnswer(s.links.LinkMore(ctx, s.linkCall(ctx, params.ClientSecret)))
}

// CompleteLink ends the flow (POST /v1/link_account_sessions/complete).
func (s *Server) CompleteLink(ctx context.Context, request gen.CompleteLinkRequestObject) (gen.CompleteLinkResponseObject, error) {
	params := body(request.JSONBody, request.FormdataBody)
	terminalError := ""
	if params.TerminalError != nil {
		terminalError = *params.TerminalError
	}
	return linkAnswer(s.links.Complete(ctx, s.linkCall(ctx, params.ClientSecret), terminalError))
}

// RetrieveLinkReceipt shows the result of the flow (GET /v1/link_account_sessions/session_receipt).
func (s *Server) RetrieveLinkReceipt(ctx context.Context, request gen.RetrieveLinkReceiptRequestObject) (gen.RetrieveLinkReceiptResponseObject, error) {
	return linkAnswer(s.links.Receipt(ctx, s.linkCall(ctx, request.Params.ClientSecret)))
}

// ListLinkedAccounts lists the accounts that were linked (GET /v1/link_account_sessions/list_accounts).
func (s *Server) ListLinkedAccounts(ctx context.Context, request gen.ListLinkedAccountsRequestObject) (gen.ListLinkedAccountsResponseObject, error) {
	after := ""
	if request.Params.StartingAfter != nil {
		after = *request.Params.StartingAfter
	}
	answer, err := s.links.ListLinked(ctx, s.linkCall(ctx, request.Params.ClientSecret), after)
	if errors.Is(err, store.ErrNoCursor) {
		return nil, noCursor(store.Page{After: after}, "account")
	}
	return linkAnswer(answer, err)
}
