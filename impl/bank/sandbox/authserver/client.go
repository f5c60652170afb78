package authserver

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"fincon/impl/bank"
	"fincon/impl/bank/oauth"
	"fincon/impl/bank/sandbox"
)

// nowhere is the address of calls that stay inside the process. No name ends so (RFC 6761 6.4).
const nowhere = "http://sandbox-bank.invalid"

// client makes the client of an institution whose pages are below base.
func (s *Server) client(institution, base string) (*oauth.Client, error) {
	config := oauth.Config{
		Institution:  institution,
		AuthURL:      s.issuer(cmp.Or(base, nowhere), institution) + "/authorize",
		TokenURL:     s.issuer(cmp.Or(s.config.Back, nowhere), institution) + "/token",
		RevokeURL:    s.issuer(cmp.Or(s.config.Back, nowhere), institution) + "/revoke",
		ClientID:     clientID,
		ClientSecret: s.clients[clientID],
		Scopes:       strings.Fields(sandboxScope),
		PlainHTTP:    true,
		Timeout:      s.config.Timeout,
		Now:          s.config.Now,
	}
	if base != "" {
		config.Issuer = s.issuer(base, institution)
	}
	if s.config.Back == "" {
		config.Transport = s
	}
	return oauth.New(config)
}

// Begin prepares a sign-in of the request's subject. A redirect URI that is not the client's is KindBadRequest.
func (s *Server) Begin(ctx context.Context, request bank.BeginRequest) (bank.Begun, error) {
	base, ok := strings.CutSuffix(request.RedirectURI, s.config.RedirectPath)
	if !ok {
		return bank.Begun{}, &bank.Error{Kind: bank.KindBadRequest, Err: fmt.Errorf("the redirect URI does not end with %s", s.config.RedirectPath)}
	}
	client, err := s.client(request.Institution, base)
	if err != nil {
		return bank.Begun{}, &bank.Error{Kind: bank.KindBadRequest, Err: err}
	}
	hint := sealed{Institution: request.Institution, Subject: request.Subject}
	if request.Relink != nil {
		hint.Accounts = request.Relink.AccountIDs
	}
	sealedHint, err := s.seal(hintUse, hint, hintLife)
	if err != nil {
		return bank.Begun{}, err
	}
	return client.Begin(ctx, oauth.SignIn{
		State: request.State, RedirectURL: request.RedirectURI, Params: map[string]string{"login_hint": sealedHint},
	})
}

// Client is the institution's client; nil if nobody signs in there.
func (s *Server) Client(institution string) *oauth.Client { return s.own[institution] }

// Read tells what an access token opens.
func (s *Server) Read(ctx context.Context, accessToken string) (sandbox.Access, error) {
	content, err := s.open(accessUse, accessToken)
	if err != nil {
		return sandbox.Access{}, &bank.Error{Kind: bank.KindGrantDead, Err: errors.New("the access token is not valid, or not any more")}
	}
	generation, err := s.config.Grants.Generation(ctx, content.Grant)
	if err != nil {
		return sandbox.Access{}, err
	}
	if generation <= 0 {
		return sandbox.Access{}, &bank.Error{Kind: bank.KindGrantDead, Err: errors.New("the grant was revoked")}
	}
	return sandbox.Access{Institution: content.Institution, Subject: content.Subject, AccountIDs: content.Accounts}, nil
}

// RoundTrip answers a call of the client without a network.
func (s *Server) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	inner := request.Clone(ctx)
	inner.RequestURI = request.URL.RequestURI()
	inner.Host = request.URL.Host
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	recorded := &recorder{header: http.Header{}, status: http.StatusOK}
	done := make(chan any, 1)
	go func() {
		defer func() {
			_ = inner.Body.Close() // it was only read
			done <- recover()
		}()
		s.ServeHTTP(recorded, inner)
	}()
	select {
	case fault := <-done:
		if fault != nil {
			return nil, fmt.Errorf("the sandbox bank failed: %v", fault)
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return &http.Response{
		Status: http.StatusText(recorded.status), StatusCode: recorded.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: recorded.header, Body: io.NopCloser(&recorded.body), ContentLength: int64(recorded.body.Len()), Request: request,
	}, nil
}

// recorder keeps an answer.
type recorder struct {
	header  http.Header
	status  int
	started bool
	body    bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if !r.started {
		r.status, r.started = status, true
	}
}

func (r *recorder) Write(text []byte) (int, error) {
	r.started = true
	return r.body.Write(text)
}
