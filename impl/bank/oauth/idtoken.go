package oauth

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// subject is who signed in, if the bank says so in an ID token. Its signature is not needed: it comes from the bank itself,
// over the connection on which it was asked (OpenID Connect Core 3.1.3.7, 6). What it claims is checked all the same.
func (c *Client) subject(token *oauth2.Token, signIn private) (string, error) {
	text, _ := token.Extra("id_token").(string)
	if text == "" {
		return "", nil
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return "", broken("its ID token is not one")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", broken("its ID token is not one")
	}
	var claims struct {
		Issuer   string   `json:"iss"`
		Subject  string   `json:"sub"`
		Audience audience `json:"aud"`
		Nonce    string   `json:"nonce"`
		Expires  float64  `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", broken("its ID token is not one")
	}
	const leeway = time.Minute
	switch {
	case signIn.Issuer != "" && claims.Issuer != signIn.Issuer:
		return "", broken("its ID token is of another issuer")
	case !slices.Contains(claims.Audience, c.config.ClientID):
		return "", broken("its ID token is for another client")
	case claims.Nonce != signIn.Nonce:
		return "", broken("its ID token is of another sign-in")
	case c.config.Now().Add(-leeway).Unix() >= int64(claims.Expires):
		return "", broken("its ID token has expired")
	}
	return claims.Subject, nil
}

// audience is a text or a list of them.
type audience []string

// UnmarshalJSON reads either.
func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}
