package authserver

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"fincon/impl/bank"
	"fincon/impl/id"
)

// authorize shows the page on which the person consents (RFC 6749 4.1.1).
func (s *Server) authorize(w http.ResponseWriter, r *http.Request, institution bank.Institution) {
	query := r.URL.Query()
	_, registered := s.clients[query.Get("client_id")]
	redirect := s.config.Base(r) + s.config.RedirectPath
	// Nobody is sent to an address that is not known to be the client's (4.1.2.1).
	if !registered || len(query["client_id"]) > 1 {
		s.trouble(w, http.StatusBadRequest, "Whoever sent you here is not registered with this bank.")
		return
	}
	if !slices.Equal(query["redirect_uri"], []string{redirect}) {
		s.trouble(w, http.StatusBadRequest, "You would be sent back to an address that is not registered with this bank.")
		return
	}
	page := sealed{
		Institution: institution.ID,
		Client:      query.Get("client_id"),
		Redirect:    redirect,
		Challenge:   query.Get("code_challenge"),
		Scope:       query.Get("scope"),
		State:       query.Get("state"),
	}
	if page.Scope == "" {
		page.Scope = sandboxScope
	}
	if code, reason := refuse(query, page); code != "" {
		s.sendBack(w, r, page, url.Values{"error": {code}, "error_description": {reason}})
		return
	}
	hint, err := s.openAt(institution.ID, hintUse, query.Get("login_hint"))
	if err != nil {
		s.sendBack(w, r, page, url.Values{"error": {"invalid_request"}, "error_description": {"login_hint is not one of this bank"}})
		return
	}
	page.Subject = hint.Subject
	s.consent(w, r, institution, page, hint.Accounts, false)
}

// refuse says what is wrong with a request, in the code that the client is sent; "" for nothing.
func refuse(query url.Values, page sealed) (code, reason string) {
	for name, values := range query {
		if len(values) > 1 && name != "resource" { // RFC 6749 3.1, RFC 8707 2
			return "invalid_request", "a parameter is there twice"
		}
	}
	challenge, err := base64.RawURLEncoding.DecodeString(page.Challenge)
	switch {
	case query.Get("response_type") == "":
		return "invalid_request", "response_type is missing"
	case query.Get("response_type") != "code":
		return "unsupported_response_type", "response_type must be code"
	case query.Get("code_challenge_method") != "S256" || err != nil || len(challenge) != 32:
		return "invalid_request", "PKCE with S256 is required"
	case !within(page.Scope, sandboxScope):
		return "invalid_scope", "the scopes are: " + sandboxScope
	}
	return "", ""
}

func within(scope, all string) bool {
	known := strings.Fields(all)
	return !slices.ContainsFunc(strings.Fields(scope), func(one string) bool { return !slices.Contains(known, one) })
}

// decide is what the person has answered. That the form is this bank's own is seen from what the browser says of its origin,
// and from the page, which is sealed and says to what the answer belongs.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, institution bank.Institution) {
	// Behind a proxy the request's host may not be the one that the browser knows.
	if err := s.crossOrigin.Check(r); err != nil && r.Header.Get("Origin") != s.config.Base(r) {
		s.trouble(w, http.StatusForbidden, "This answer did not come from the bank's own page.")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.trouble(w, http.StatusBadRequest, "The answer cannot be read.")
		return
	}
	page, err := s.openAt(institution.ID, pageUse, r.PostForm.Get("page"))
	if err != nil {
		s.trouble(w, http.StatusBadRequest, "This page was open for too long.")
		return
	}
	// The address under which the server is reached may have changed since.
	if page.Redirect != s.config.Base(r)+s.config.RedirectPath {
		s.trouble(w, http.StatusBadRequest, "You would be sent back to an address that is not registered with this bank.")
		return
	}
	switch r.PostForm.Get("decision") {
	case "allow":
		s.allow(w, r, institution, page)
	case "cancel":
		s.sendBack(w, r, page, url.Values{"error": {"access_denied"}, "error_description": {"the person refused"}})
	default:
		s.trouble(w, http.StatusBadRequest, "The answer cannot be read.")
	}
}

func (s *Server) allow(w http.ResponseWriter, r *http.Request, institution bank.Institution, page sealed) {
	if institution.PicksAccounts {
		accounts, err := s.accounts(r.Context(), institution.ID, page.Subject)
		if err != nil {
			s.fail(w, r, page, err)
			return
		}
		picked := r.PostForm["account"]
		for _, account := range accounts {
			if slices.Contains(picked, account.ID) {
				page.Accounts = append(page.Accounts, account.ID)
			}
		}
		if len(page.Accounts) == 0 {
			s.consent(w, r, institution, page, nil, true)
			return
		}
	}
	life := codeLife
	if s.config.Fault() == ExpiredCodes {
		life = 0
	}
	page.Grant = id.Secret("sandbox_grant_")
	code := page
	code.State = ""
	text, err := s.seal(codeUse, code, life)
	if err != nil {
		s.fail(w, r, page, err)
		return
	}
	s.sendBack(w, r, page, url.Values{"code": {text}})
}

// fail tells the client that the server does not know what to do (4.1.2.1: there is no status 500 in a redirect).
func (s *Server) fail(w http.ResponseWriter, r *http.Request, page sealed, err error) {
	s.config.Log.ErrorContext(r.Context(), "the sandbox bank failed", "error", err)
	s.sendBack(w, r, page, url.Values{"error": {"server_error"}})
}

// sendBack sends the person back to the client, whose redirect URI has been checked.
func (s *Server) sendBack(w http.ResponseWriter, r *http.Request, page sealed, answer url.Values) {
	target, err := url.Parse(page.Redirect)
	if err != nil {
		s.trouble(w, http.StatusInternalServerError, "This bank's server is not set up well.")
		return
	}
	query := target.Query()
	for name, values := range answer {
		query[name] = values
	}
	if page.State != "" {
		query.Set("state", page.State)
	}
	query.Set("iss", s.issuer(s.config.Base(r), page.Institution)) // RFC 9207
	target.RawQuery = query.Encode()
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
}
