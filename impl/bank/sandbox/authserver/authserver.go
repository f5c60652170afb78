// Package authserver is the sandbox bank's authorization server: OAuth 2.0 with PKCE and a page on which a person consents.
// Each institution with OAuth is an issuer of its own, below one path. Codes and tokens hold what they stand for, sealed, so
// that every process that has the key reads them; all that is stored is one number for each grant.
package authserver

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"fincon/impl/bank"
	"fincon/impl/bank/oauth"
	"fincon/impl/bank/sandbox"
	"fincon/impl/vault"
)

// Config is what the server is made of.
type Config struct {
	Now    func() time.Time // the server's time
	Vault  *vault.Vault     // whence its keys and the client's secret: the same vault, the same codes and tokens
	Grants Grants           // what is stored

	// Base is where the server is reached by the browser that sent the request, without a path: "https://fincon.example".
	Base         func(*http.Request) string
	Path         string // below which the server answers; "" is "/sandbox-bank"
	RedirectPath string // the client's one redirect URI is this below Base

	// Back is where the client calls the server: "http://127.0.0.1:12111". Without it the calls stay inside the process, and
	// need no network that leads back to itself.
	Back string
	// ClientName is who asks, on the page; "" is "fincon".
	ClientName string
	// Timeout is the client's, of one answer; 0 is oauth's.
	Timeout time.Duration
	Log     *slog.Logger // nil: the default one

	// Fault is what goes wrong in the next answer, for tests; nil: nothing.
	Fault func() Fault
}

// Grants keeps a number for each grant: 0 before its code is exchanged, then the generation of its refresh token, and -1 when
// it has ended. Both methods are durable and the same for all processes.
type Grants interface {
	// Generation is the grant's number; 0 if none is kept.
	Generation(ctx context.Context, grant string) (int64, error)

	// Advance changes the number from one to another, at once, and tells whether it did: not if it is another. What has
	// expired may be forgotten.
	Advance(ctx context.Context, grant string, from, to int64, expires time.Time) (bool, error)
}

// ended is the number of a grant that is over.
const ended = -1

// Fault is something that banks do.
type Fault string

const (
	Hang         Fault = "hang"         // no answer until the caller gives up
	Nonsense     Fault = "nonsense"     // a page where there should be JSON
	Huge         Fault = "huge"         // an answer without end
	Redirect     Fault = "redirect"     // to another address
	ExpiredCodes Fault = "expired code" // codes are made expired
)

const (
	defaultPath  = "/sandbox-bank"
	clientID     = "fincon"
	codeLife     = time.Minute
	accessLife   = time.Hour
	refreshLife  = 2 * 365 * 24 * time.Hour // from each use on
	hintLife     = 24 * time.Hour
	pageLife     = time.Hour
	maxForm      = 64 << 10 // bytes
	sandboxScope = "accounts balances owners payment_networks transactions"
)

// Server is the authorization server: an http.Handler for Path and what is below it.
type Server struct {
	config       Config
	vault        *vault.Vault
	bank         *sandbox.Bank
	institutions map[string]bank.Institution
	clients      map[string]string // secrets by id
	own          map[string]*oauth.Client
	routes       *http.ServeMux
	crossOrigin  *http.CrossOriginProtection
}

var _ sandbox.AuthServer = (*Server)(nil)

// New makes the server.
func New(config Config) (*Server, error) {
	if config.Now == nil || config.Vault == nil || config.Grants == nil || config.Base == nil {
		return nil, errors.New("the sandbox bank's authorization server needs a time, a vault, a store and an address")
	}
	if !strings.HasPrefix(config.RedirectPath, "/") {
		return nil, fmt.Errorf("%q is not the path of a redirect URI", config.RedirectPath)
	}
	config.Path = strings.TrimSuffix(cmp.Or(config.Path, defaultPath), "/")
	config.ClientName = cmp.Or(config.ClientName, "fincon")
	config.Log = cmp.Or(config.Log, slog.Default())
	if config.Fault == nil {
		config.Fault = func() Fault { return "" }
	}
	sealing, err := vault.New(config.Vault.Key("sandbox bank: codes and tokens"))
	if err != nil {
		return nil, err
	}
	secret := base64.RawURLEncoding.EncodeToString(config.Vault.Key("sandbox bank: the client's secret"))
	s := &Server{
		config:       config,
		vault:        sealing,
		bank:         sandbox.New(config.Now),
		institutions: map[string]bank.Institution{},
		clients:      map[string]string{clientID: secret},
		own:          map[string]*oauth.Client{},
		routes:       http.NewServeMux(),
		crossOrigin:  http.NewCrossOriginProtection(),
	}
	for _, institution := range s.bank.Institutions(context.Background()) {
		if !institution.OAuth {
			continue
		}
		s.institutions[institution.ID] = institution
		if s.own[institution.ID], err = s.client(institution.ID, ""); err != nil {
			return nil, err
		}
	}
	s.route("GET", "/.well-known/openid-configuration", s.faulty(s.metadata))
	s.route("GET", "/.well-known/oauth-authorization-server", s.faulty(s.metadata))
	s.route("GET", "/authorize", s.authorize)
	s.route("POST", "/authorize", s.decide)
	s.route("POST", "/token", s.faulty(s.token))
	s.route("POST", "/revoke", s.faulty(s.revoke))
	s.routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.trouble(w, http.StatusNotFound, "There is no such page.")
	})
	return s, nil
}

func (s *Server) route(method, path string, handle func(http.ResponseWriter, *http.Request, bank.Institution)) {
	s.routes.HandleFunc(method+" "+s.config.Path+"/{institution}"+path, func(w http.ResponseWriter, r *http.Request) {
		institution, ok := s.institutions[r.PathValue("institution")]
		if !ok {
			s.trouble(w, http.StatusNotFound, "There is no such bank.")
			return
		}
		handle(w, r, institution)
	})
}

// ServeHTTP answers what is below Path.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store") // RFC 6749 5.1
	header.Set("X-Content-Type-Options", "nosniff")
	s.routes.ServeHTTP(w, r)
}

// faulty is a handler that fails as the test wants it to.
func (s *Server) faulty(handle func(http.ResponseWriter, *http.Request, bank.Institution)) func(http.ResponseWriter, *http.Request, bank.Institution) {
	return func(w http.ResponseWriter, r *http.Request, institution bank.Institution) {
		switch s.config.Fault() {
		case Hang:
			_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxForm)) // net/http looks for the end of the caller after that
			<-r.Context().Done()
		case Nonsense:
			_, _ = w.Write([]byte("<html>We are improving our service for you.</html>"))
		case Huge:
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token":"` + strings.Repeat("a", 1<<20) + `"}`))
		case Redirect:
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		default:
			handle(w, r, institution)
		}
	}
}

func (s *Server) issuer(base, institution string) string {
	return base + s.config.Path + "/" + institution
}

// metadata is the discovery document (RFC 8414; OpenID Connect's path, for that is where clients look).
func (s *Server) metadata(w http.ResponseWriter, r *http.Request, institution bank.Institution) {
	issuer := s.issuer(s.config.Base(r), institution.ID)
	w.Header().Set("Cache-Control", "public, max-age=300")
	s.answer(w, http.StatusOK, map[string]any{
		"issuer":                                         issuer,
		"authorization_endpoint":                         issuer + "/authorize",
		"token_endpoint":                                 issuer + "/token",
		"revocation_endpoint":                            issuer + "/revoke",
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token"},
		"code_challenge_methods_supported":               []string{"S256"},
		"scopes_supported":                               strings.Fields(sandboxScope),
		"token_endpoint_auth_methods_supported":          []oauth.AuthMethod{oauth.AuthBasic, oauth.AuthPost},
		"revocation_endpoint_auth_methods_supported":     []oauth.AuthMethod{oauth.AuthBasic, oauth.AuthPost},
		"authorization_response_iss_parameter_supported": true,
	})
}

func (s *Server) answer(w http.ResponseWriter, status int, object any) {
	text, err := json.Marshal(object)
	if err != nil {
		s.config.Log.Error("the sandbox bank cannot answer", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may have gone
}
