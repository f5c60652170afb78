package authserver

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"time"

	"fincon/impl/bank"
)

// refusal is an error of the token endpoint (RFC 6749 5.2).
type refusal struct {
	status      int
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

func refused(code, description string) *refusal {
	return &refusal{status: http.StatusBadRequest, Code: code, Description: description}
}

var (
	unknownClient = &refusal{status: http.StatusUnauthorized, Code: "invalid_client", Description: "no such client, or not its secret"}
	invalidGrant  = refused("invalid_grant", "it is not valid, was used, has expired, or is another client's")
)

// token exchanges codes and refresh tokens.
func (s *Server) token(w http.ResponseWriter, r *http.Request, institution bank.Institution) {
	form, client, no := s.called(w, r)
	if no != nil {
		s.refuse(w, no)
		return
	}
	var content sealed
	var err error
	switch form.Get("grant_type") {
	case "authorization_code":
		content, no, err = s.exchange(r.Context(), institution, client, form)
	case "refresh_token":
		content, no, err = s.renew(r.Context(), institution, client, form)
	case "":
		no = refused("invalid_request", "grant_type is missing")
	default:
		no = refused("unsupported_grant_type", "grant_type is authorization_code or refresh_token")
	}
	if err == nil && no == nil {
		err = s.give(w, content)
	}
	switch {
	case err != nil:
		s.config.Log.ErrorContext(r.Context(), "the sandbox bank failed", "error", err)
		s.refuse(w, &refusal{status: http.StatusInternalServerError, Code: "server_error"})
	case no != nil:
		s.refuse(w, no)
	}
}

// called reads a form and sees whose it is (2.3.1: the secret in the header or in the form, not in both).
func (s *Server) called(w http.ResponseWriter, r *http.Request) (url.Values, string, *refusal) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return nil, "", refused("invalid_request", "send a form")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, "", refused("invalid_request", "the form cannot be read")
	}
	form := r.PostForm
	for _, values := range form {
		if len(values) > 1 {
			return nil, "", refused("invalid_request", "a parameter is there twice")
		}
	}
	client, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		inHeader, err := url.QueryUnescape(user)
		shown, err2 := url.QueryUnescape(password)
		if err != nil || err2 != nil || secret != "" || client != "" && client != inHeader {
			return nil, "", refused("invalid_request", "one client, one secret")
		}
		client, secret = inHeader, shown
	}
	want, ok := s.clients[client]
	if !ok || subtle.ConstantTimeCompare([]byte(secret), []byte(want)) != 1 {
		return nil, "", unknownClient
	}
	return form, client, nil
}

// exchange takes a code, once. One that comes again ends what it was exchanged for (4.1.2).
func (s *Server) exchange(ctx context.Context, institution bank.Institution, client string, form url.Values) (sealed, *refusal, error) {
	code, err := s.openAt(institution.ID, codeUse, form.Get("code"))
	challenge := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case form.Get("code_verifier") == "":
		return sealed{}, refused("invalid_request", "code_verifier is missing"), nil
	case err != nil || code.Client != client || code.Redirect != form.Get("redirect_uri"),
		base64.RawURLEncoding.EncodeToString(challenge[:]) != code.Challenge:
		return sealed{}, invalidGrant, nil
	}
	first, err := s.config.Grants.Advance(ctx, code.Grant, 0, 1, s.config.Now().Add(refreshLife))
	if err != nil {
		return sealed{}, nil, err
	}
	if !first {
		return sealed{}, invalidGrant, s.end(ctx, code.Grant)
	}
	code.Redirect, code.Challenge, code.Generation = "", "", 1
	return code, nil, nil
}

// renew takes a refresh token, once: another comes in its place.
func (s *Server) renew(ctx context.Context, institution bank.Institution, client string, form url.Values) (sealed, *refusal, error) {
	token, err := s.openAt(institution.ID, refreshUse, form.Get("refresh_token"))
	if err != nil || token.Client != client {
		return sealed{}, invalidGrant, nil
	}
	if scope := form.Get("scope"); scope != "" && !(within(scope, token.Scope) && within(token.Scope, scope)) {
		return sealed{}, refused("invalid_scope", "the scope stays as it was granted"), nil
	}
	next := token.Generation + 1
	advanced, err := s.config.Grants.Advance(ctx, token.Grant, token.Generation, next, s.config.Now().Add(refreshLife))
	if err != nil {
		return sealed{}, nil, err
	}
	if !advanced {
		return sealed{}, invalidGrant, nil
	}
	token.Generation = next
	return token, nil, nil
}

// give answers with new tokens (5.1).
func (s *Server) give(w http.ResponseWriter, content sealed) error {
	refresh, err := s.seal(refreshUse, content, refreshLife)
	if err != nil {
		return err
	}
	content.Generation = 0
	access, err := s.seal(accessUse, content, accessLife)
	if err != nil {
		return err
	}
	s.answer(w, http.StatusOK, map[string]any{
		"access_token":             access,
		"token_type":               "Bearer",
		"expires_in":               int(accessLife / time.Second),
		"refresh_token":            refresh,
		"refresh_token_expires_in": int(refreshLife / time.Second),
		"scope":                    content.Scope,
		"grant_id":                 content.Grant,
	})
	return nil
}

// revoke ends the grant of a token. One that is not valid is fine: it is what the client wants (RFC 7009 2.2).
func (s *Server) revoke(w http.ResponseWriter, r *http.Request, institution bank.Institution) {
	form, client, no := s.called(w, r)
	if no != nil {
		s.refuse(w, no)
		return
	}
	if form.Get("token") == "" {
		s.refuse(w, refused("invalid_request", "token is missing"))
		return
	}
	for _, kind := range []use{refreshUse, accessUse} {
		token, err := s.openAt(institution.ID, kind, form.Get("token"))
		if err != nil || token.Client != client {
			continue
		}
		if err := s.end(r.Context(), token.Grant); err != nil {
			s.config.Log.ErrorContext(r.Context(), "the sandbox bank failed", "error", err)
			s.refuse(w, &refusal{status: http.StatusServiceUnavailable, Code: "temporarily_unavailable"})
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}

// end makes nothing of the grant valid any more.
func (s *Server) end(ctx context.Context, grant string) error {
	for {
		generation, err := s.config.Grants.Generation(ctx, grant)
		if err != nil || generation <= 0 {
			return err
		}
		done, err := s.config.Grants.Advance(ctx, grant, generation, ended, s.config.Now().Add(refreshLife))
		if err != nil || done {
			return err
		}
	}
}

func (s *Server) refuse(w http.ResponseWriter, no *refusal) {
	if no.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="sandbox bank"`)
	}
	s.answer(w, no.status, no)
}
