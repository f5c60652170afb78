package authserver

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"fincon/impl/bank/sandbox"
)

// use is what something sealed is for: what is made for one is nothing for another.
type use string

const (
	hintUse    use = "sandbox_hint_" // who is to sign in
	pageUse    use = "sandbox_page_" // what the page on which the person consents is about
	codeUse    use = "sandbox_code_" // an authorization code
	accessUse  use = sandbox.AccessPrefix
	refreshUse use = "sandbox_oauth_refresh_"
)

// sealed is what a code or a token holds.
type sealed struct {
	Use         use      `json:"use"`
	Institution string   `json:"institution"`
	Subject     string   `json:"subject"`
	Accounts    []string `json:"accounts,omitempty"` // chosen; in a hint, those chosen before
	Expires     int64    `json:"expires"`            // Unix seconds; then it is over

	Client     string `json:"client,omitempty"`
	Scope      string `json:"scope,omitempty"`
	Grant      string `json:"grant,omitempty"`
	Generation int64  `json:"generation,omitempty"` // of refresh tokens

	Redirect  string `json:"redirect,omitempty"`  // of pages and codes
	Challenge string `json:"challenge,omitempty"` // of pages and codes
	State     string `json:"state,omitempty"`     // of pages
}

// seal makes a text of it that can be had in URLs.
func (s *Server) seal(kind use, content sealed, life time.Duration) (string, error) {
	content.Use = kind
	content.Expires = s.config.Now().Add(life).Unix()
	plain, err := json.Marshal(content)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	closed, err := s.vault.Seal(plain)
	if err != nil {
		return "", err
	}
	return string(kind) + base64.RawURLEncoding.EncodeToString(closed), nil
}

// errSealed is the error for what was not made here for that use at that institution, or is over.
var errSealed = errors.New("not valid, or not any more")

// open reads what seal has made.
func (s *Server) open(kind use, text string) (sealed, error) {
	encoded, ok := strings.CutPrefix(text, string(kind))
	if !ok {
		return sealed{}, errSealed
	}
	closed, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return sealed{}, errSealed
	}
	plain, err := s.vault.Open(closed)
	if err != nil {
		return sealed{}, errSealed
	}
	var content sealed
	if err := json.Unmarshal(plain, &content); err != nil || content.Use != kind || s.config.Now().Unix() >= content.Expires {
		return sealed{}, errSealed
	}
	return content, nil
}

// openAt is open for what belongs to an institution.
func (s *Server) openAt(institution string, kind use, text string) (sealed, error) {
	content, err := s.open(kind, text)
	if err != nil || content.Institution != institution {
		return sealed{}, errSealed
	}
	return content, nil
}
