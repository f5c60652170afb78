package link

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"fincon/impl/store"
)

// A ticket is what a URL holds that brings a person to their sign-in. It is sealed: nobody else can make one.
type ticket struct {
	Use     use         `json:"use"`
	Scope   store.Scope `json:"scope"`
	Session string      `json:"session"`
	SignIn  string      `json:"sign_in"`
}

type use string

const (
	useOAuth use = "oauth"
	useForm  use = "form"
)

func (f *Flows) seal(t ticket) (string, error) {
	plain, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("encode a ticket: %w", err)
	}
	sealed, err := f.Vault.Seal(plain)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// unseal reads a ticket that is for this use.
func (f *Flows) unseal(sealed string, wanted use) (ticket, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || base64.RawURLEncoding.EncodeToString(raw) != sealed {
		return ticket{}, errors.New("no ticket")
	}
	plain, err := f.Vault.Open(raw)
	if err != nil {
		return ticket{}, err
	}
	var t ticket
	if json.Unmarshal(plain, &t) != nil || t.Use != wanted {
		return ticket{}, errors.New("no ticket for this")
	}
	return t, nil
}

func (t ticket) place() place { return place{t.Scope, t.Session} }

// digest is how a sealed text is recognised without being kept.
func digest(sealed string) string {
	sum := sha256.Sum256([]byte(sealed))
	return hex.EncodeToString(sum[:])
}
