// Package oauth signs people in at banks by OAuth 2.0: the authorization code with PKCE, renewal and revocation. Tokens, codes
// and verifiers appear in no error: what a bank says is put into our own words.
package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"fincon/impl/bank"
	"fincon/impl/id"
)

// AuthMethod is how the client shows its secret. It is configured, not discovered: banks list methods that they refuse.
type AuthMethod string

const (
	AuthBasic AuthMethod = "client_secret_basic"
	AuthPost  AuthMethod = "client_secret_post"
)

// Config is what a bank has told its client at registration.
type Config struct {
	Institution string // bank.Institution.ID: the one of the grants

	// Issuer is the authorization server. Endpoints that are not given are discovered there.
	Issuer    string
	AuthURL   string
	TokenURL  string
	RevokeURL string // without one, given or discovered, Revoke does nothing

	ClientID     string
	ClientSecret string
	AuthMethod   AuthMethod // AuthBasic if empty
	Scopes       []string
	RedirectURL  string // exactly as registered; a SignIn may name another
	// Params go with every authorization request (prompt, resource, audience); resource and audience with the code, too.
	Params map[string]string

	// PlainHTTP allows http for servers that are not on this machine.
	PlainHTTP bool
	Timeout   time.Duration     // of one answer of the bank; 0: 10 s
	Transport http.RoundTripper // nil: that of net/http
	Now       func() time.Time  // the server's time; nil: time.Now
}

const (
	defaultTimeout = 10 * time.Second
	// signInLife is how long a person may take: as long as a session lasts.
	signInLife = 24 * time.Hour
)

// Client is one bank's client. It is safe for concurrent use.
type Client struct {
	config     Config
	http       *http.Client
	discovered atomic.Pointer[metadata]
	renewals   renewals
}

// New makes a client. It calls nobody.
func New(config Config) (*Client, error) {
	if config.AuthMethod == "" {
		config.AuthMethod = AuthBasic
	}
	if config.Timeout == 0 {
		config.Timeout = defaultTimeout
	}
	if config.Transport == nil {
		config.Transport = http.DefaultTransport
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	c := &Client{config: config}
	switch {
	case config.AuthMethod != AuthBasic && config.AuthMethod != AuthPost:
		return nil, fmt.Errorf("a client at a bank authenticates with %s or %s, not with %q", AuthBasic, AuthPost, config.AuthMethod)
	case config.ClientID == "":
		return nil, errors.New("a client at a bank needs a client id")
	case config.Issuer == "" && (config.AuthURL == "" || config.TokenURL == ""):
		return nil, errors.New("a client at a bank needs an issuer, or the URLs for authorization and tokens")
	}
	for _, address := range []string{config.Issuer, config.AuthURL, config.TokenURL, config.RevokeURL} {
		if err := c.check(address); err != nil {
			return nil, err
		}
	}
	c.http = &http.Client{
		Transport:     bounded{config.Transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// SignIn is what is particular to one sign-in.
type SignIn struct {
	State       string
	RedirectURL string            // empty: Config.RedirectURL
	Params      map[string]string // with those of the Config: login_hint
}

// private is what is kept of a sign-in until the person comes back.
type private struct {
	Issuer   string    `json:"issuer,omitempty"`
	Verifier string    `json:"verifier"`
	Nonce    string    `json:"nonce,omitempty"`
	Redirect string    `json:"redirect"`
	Expires  time.Time `json:"expires"`
}

// Begin prepares a sign-in. It calls the bank only to discover its endpoints.
func (c *Client) Begin(ctx context.Context, signIn SignIn) (bank.Begun, error) {
	endpoints, err := c.endpoints(ctx)
	if err != nil {
		return bank.Begun{}, err
	}
	kept := private{
		Issuer:   endpoints.Issuer,
		Verifier: oauth2.GenerateVerifier(),
		Redirect: signIn.RedirectURL,
		Expires:  c.config.Now().Add(signInLife).UTC(),
	}
	if kept.Redirect == "" {
		kept.Redirect = c.config.RedirectURL
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(kept.Verifier)}
	if slices.Contains(c.config.Scopes, "openid") {
		kept.Nonce = id.Secret("")
		options = append(options, oauth2.SetAuthURLParam("nonce", kept.Nonce))
	}
	for _, params := range []map[string]string{c.config.Params, signIn.Params} {
		for name, value := range params {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return bank.Begun{}, fmt.Errorf("keep a sign-in: %w", err)
	}
	return bank.Begun{
		URL:     c.library(endpoints, kept.Redirect).AuthCodeURL(signIn.State, options...),
		Private: text,
		Expires: kept.Expires,
	}, nil
}

// Finish exchanges the code of a callback, once; see bank.Authorizer. A bank that does not answer is KindUnavailable: what
// became of the code is not known, so that the person has to begin again.
func (c *Client) Finish(ctx context.Context, kept []byte, callback url.Values) (bank.Grant, error) {
	var signIn private
	if err := json.Unmarshal(kept, &signIn); err != nil {
		return bank.Grant{}, badRequest("this is not what was kept of a sign-in")
	}
	if !c.config.Now().Before(signIn.Expires) {
		return bank.Grant{}, badRequest("the sign-in has expired")
	}
	code, err := readCallback(signIn, callback)
	if err != nil {
		return bank.Grant{}, err
	}
	endpoints, err := c.endpoints(ctx)
	if err != nil {
		return bank.Grant{}, err
	}
	if endpoints.Issuer != signIn.Issuer && c.config.Issuer != "" {
		return bank.Grant{}, broken("the sign-in was begun with another issuer")
	}
	options := []oauth2.AuthCodeOption{oauth2.VerifierOption(signIn.Verifier)}
	for _, name := range []string{"resource", "audience"} {
		if value := c.config.Params[name]; value != "" {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	asked, cancel := c.bound(ctx)
	defer cancel()
	token, err := c.library(endpoints, signIn.Redirect).Exchange(asked, code, options...)
	if err != nil {
		return bank.Grant{}, exchanging.fault(ctx, asked, err)
	}
	subject, err := c.subject(token, signIn)
	if err != nil {
		return bank.Grant{}, err
	}
	grant := bank.Grant{
		Institution: c.config.Institution,
		Subject:     subject,
		Scope:       strings.Join(c.config.Scopes, " "), // as asked, where the bank does not say otherwise
		Created:     c.config.Now().UTC(),
	}
	return grant, c.receive(&grant, token)
}

// readCallback is the code with which the bank has sent the person back.
func readCallback(signIn private, callback url.Values) (string, error) {
	for _, name := range []string{"code", "error", "iss"} {
		if len(callback[name]) > 1 {
			return "", broken("the bank sent the person back with %s twice", name)
		}
	}
	// RFC 9207. Banks leave it out, most of all with errors, so that its absence means nothing.
	if issuer := callback.Get("iss"); issuer != "" && signIn.Issuer != "" && issuer != signIn.Issuer {
		return "", broken("the person came back from another issuer")
	}
	switch code := callback.Get("error"); code { // RFC 6749 4.1.2.1
	case "":
	case "access_denied":
		return "", &bank.Error{Kind: bank.KindDenied, Err: errors.New("access_denied")}
	case "temporarily_unavailable":
		return "", &bank.Error{Kind: bank.KindUnavailable, Err: errors.New("temporarily_unavailable")}
	default:
		return "", broken("the bank sent the person back with %s", known(code))
	}
	if callback.Get("code") == "" {
		return "", broken("the bank sent the person back without a code")
	}
	return callback.Get("code"), nil
}

// receive writes into the grant what the bank has answered.
func (c *Client) receive(grant *bank.Grant, token *oauth2.Token) error {
	if token.TokenType != "" && !strings.EqualFold(token.TokenType, "bearer") {
		return broken("the bank gives tokens that are not bearer tokens")
	}
	now := c.config.Now().UTC()
	if token.RefreshToken != grant.RefreshToken {
		grant.RefreshExpiry = time.Time{}
	}
	grant.AccessToken, grant.RefreshToken, grant.Expiry = token.AccessToken, token.RefreshToken, time.Time{}
	switch { // the library adds to the machine's time; the server's may differ
	case token.ExpiresIn > 0:
		grant.Expiry = now.Add(time.Duration(token.ExpiresIn) * time.Second)
	case !token.Expiry.IsZero():
		grant.Expiry = now.Add(time.Until(token.Expiry).Round(time.Second))
	}
	if seconds := seconds(token.Extra("refresh_token_expires_in")); seconds > 0 {
		grant.RefreshExpiry = now.Add(time.Duration(seconds) * time.Second)
	}
	if scope, ok := token.Extra("scope").(string); ok && scope != "" {
		grant.Scope = scope
	}
	for _, name := range []string{"consent_id", "grant_id"} {
		if consent, ok := token.Extra(name).(string); ok && consent != "" {
			grant.ConsentID = consent
		}
	}
	return nil
}

// seconds reads a number that banks write as one or as text; 0 for what is neither, or makes no sense.
func seconds(value any) int64 {
	const most = 100 * 365 * 24 * 60 * 60
	var n float64
	switch value := value.(type) {
	case float64:
		n = value
	case int64:
		n = float64(value)
	case string:
		n, _ = strconv.ParseFloat(value, 64)
	}
	if !(n > 0 && n < most) {
		return 0
	}
	return int64(n)
}

// Revoke tells the bank that the grant is over (RFC 7009), if it wants to know.
func (c *Client) Revoke(ctx context.Context, grant bank.Grant) error {
	endpoints, err := c.endpoints(ctx)
	if err != nil || endpoints.RevokeURL == "" {
		return err
	}
	form := url.Values{"token": {grant.RefreshToken}, "token_type_hint": {"refresh_token"}}
	if grant.RefreshToken == "" {
		form = url.Values{"token": {grant.AccessToken}, "token_type_hint": {"access_token"}}
	}
	if c.config.AuthMethod == AuthPost {
		form.Set("client_id", c.config.ClientID)
		form.Set("client_secret", c.config.ClientSecret)
	}
	asked, cancel := c.bound(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(asked, http.MethodPost, endpoints.RevokeURL, strings.NewReader(form.Encode()))
	if err != nil {
		return broken("its URL for revocation cannot be called")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.config.AuthMethod == AuthBasic {
		request.SetBasicAuth(url.QueryEscape(c.config.ClientID), url.QueryEscape(c.config.ClientSecret))
	}
	response, err := c.http.Do(request)
	if err != nil {
		return revoking.fault(ctx, asked, err)
	}
	_ = response.Body.Close() // it has been read
	if response.StatusCode != http.StatusOK {
		return revoking.fault(ctx, asked, &oauth2.RetrieveError{Response: response})
	}
	return nil
}

// library is the OAuth library's view of this client. The method of authentication is set, so that it never tries a code twice.
func (c *Client) library(endpoints *metadata, redirect string) *oauth2.Config {
	style := oauth2.AuthStyleInHeader
	if c.config.AuthMethod == AuthPost {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID:     c.config.ClientID,
		ClientSecret: c.config.ClientSecret,
		Endpoint:     oauth2.Endpoint{AuthURL: endpoints.AuthURL, TokenURL: endpoints.TokenURL, AuthStyle: style},
		RedirectURL:  redirect,
		Scopes:       c.config.Scopes,
	}
}

// bound is the context of one call to the bank.
func (c *Client) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, c.http), c.config.Timeout)
}
