package bank

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	grant := Grant{
		Institution:  "fcinst_1",
		Subject:      "person",
		AccessToken:  "secret-access",
		RefreshToken: "secret-refresh",
		ConsentID:    "secret-consent",
		Created:      time.Now(),
	}
	number := Number{RoutingNumber: "secret-routing", AccountNumber: "secret-number", Details: NumberDetails{Status: NumberTransactable}}
	short := Number{AccountNumber: "8841"}
	connection := Connection{Grant: grant, Renew: func(context.Context, Exchange) (Grant, error) { return grant, nil }}
	for _, value := range []any{grant, &grant, []Grant{grant}, map[string]Grant{"k": grant}, connection, &connection, number, &number, []Number{number}, short} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t"} {
			printed := fmt.Sprintf(verb, value)
			require.NotContains(t, printed, "secret", verb)
			require.NotContains(t, printed, "736563726574", verb) // in hexadecimal
			require.NotContains(t, printed, "8841", verb)
		}
	}
	for _, value := range []any{grant, number} {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "value", value)
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "value", value)
		require.NotContains(t, log.String(), "secret")
	}
	require.Contains(t, number.String(), "…mber")
}

func TestGrantIsStoredWhole(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 4, 5, 6, 7, 8, 9, time.UTC)
	grant := Grant{
		Institution: "fcinst_1", Subject: "person", AccessToken: "a", RefreshToken: "r", Expiry: at, RefreshExpiry: at.Add(time.Hour), Scope: "s", ConsentID: "c",
		AccountIDs: []string{"one"}, Created: at, Linked: at.Add(time.Minute), Relinks: 2,
	}
	for _, want := range []Grant{grant, {Institution: "fcinst_1", Created: at}} {
		stored, err := json.Marshal(want)
		require.NoError(t, err)
		var got Grant
		require.NoError(t, json.Unmarshal(stored, &got))
		require.Equal(t, want, got)
	}
}

func TestSinceIsTheLastLinkOfTheLastSignIn(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 4, 5, 6, 7, 8, 0, time.UTC)
	require.Equal(t, at, Grant{Created: at}.Since())
	require.Equal(t, at.Add(time.Minute), Grant{Created: at, Linked: at.Add(time.Minute)}.Since())
	require.Equal(t, at, Grant{Created: at, Linked: at.Add(-time.Minute)}.Since(), "a link of an earlier sign-in")
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	reason := errors.New("reason")
	dead := &Error{Kind: KindGrantDead, Err: reason}
	require.Equal(t, KindGrantDead, KindOf(fmt.Errorf("refreshing: %w", dead)))
	require.ErrorIs(t, dead, reason)
	require.EqualError(t, dead, "grant dead: reason")
	require.EqualError(t, &Error{Kind: KindBroken}, "bank broken")
	require.Empty(t, KindOf(reason))
	require.Empty(t, KindOf(nil))
}
