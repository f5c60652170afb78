package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// metadata are a bank's endpoints (RFC 8414, OpenID Connect Discovery).
type metadata struct {
	Issuer    string `json:"issuer"`
	AuthURL   string `json:"authorization_endpoint"`
	TokenURL  string `json:"token_endpoint"`
	RevokeURL string `json:"revocation_endpoint"`

	read time.Time // by the machine's time
}

// discoveryLife is how long a discovery document is used.
const discoveryLife = time.Hour

// endpoints are those of the configuration, and what it leaves out as the issuer tells it.
func (c *Client) endpoints(ctx context.Context) (*metadata, error) {
	if c.config.AuthURL != "" && c.config.TokenURL != "" {
		return &metadata{
			Issuer: c.config.Issuer, AuthURL: c.config.AuthURL, TokenURL: c.config.TokenURL, RevokeURL: c.config.RevokeURL,
		}, nil
	}
	if kept := c.discovered.Load(); kept != nil && time.Since(kept.read) < discoveryLife {
		return kept, nil
	}
	found, err := c.discover(ctx)
	if err != nil {
		return nil, err
	}
	if found.Issuer != c.config.Issuer { // RFC 8414 3.3
		return nil, broken("its discovery document is that of another issuer")
	}
	for _, endpoint := range []struct {
		found      *string
		configured string
	}{
		{&found.AuthURL, c.config.AuthURL}, {&found.TokenURL, c.config.TokenURL}, {&found.RevokeURL, c.config.RevokeURL},
	} {
		if endpoint.configured != "" {
			*endpoint.found = endpoint.configured
		}
		if err := c.check(*endpoint.found); err != nil {
			return nil, broken("its discovery document: %w", err)
		}
	}
	if found.AuthURL == "" || found.TokenURL == "" {
		return nil, broken("its discovery document lacks an endpoint")
	}
	found.read = time.Now()
	c.discovered.Store(found)
	return found, nil
}

// discover reads the document of OpenID Connect, or, where there is none, that of RFC 8414.
func (c *Client) discover(ctx context.Context) (*metadata, error) {
	issuer, err := url.Parse(c.config.Issuer)
	if err != nil {
		return nil, badRequest("the issuer is not a URL")
	}
	path := strings.TrimSuffix(issuer.Path, "/")
	found, status, err := c.document(ctx, *issuer, path+"/.well-known/openid-configuration")
	if status == http.StatusNotFound {
		found, _, err = c.document(ctx, *issuer, "/.well-known/oauth-authorization-server"+path)
	}
	return found, err
}

func (c *Client) document(ctx context.Context, at url.URL, path string) (*metadata, int, error) {
	at.Path, at.RawPath = path, ""
	asked, cancel := c.bound(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(asked, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, 0, badRequest("the issuer cannot be called")
	}
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, 0, discovering.fault(ctx, asked, err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	if response.StatusCode != http.StatusOK {
		return nil, response.StatusCode, discovering.status(response)
	}
	found := new(metadata)
	if err := json.NewDecoder(response.Body).Decode(found); err != nil {
		return nil, response.StatusCode, broken("its discovery document is not one")
	}
	return found, response.StatusCode, nil
}

// check refuses what is no address of a bank. An empty one is none at all.
func (c *Client) check(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%q is not the URL of an endpoint", address)
	case u.Scheme == "http" && !c.config.PlainHTTP && !isLoopback(u.Hostname()):
		return fmt.Errorf("%q would send secrets unencrypted: it has to be https", address)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
