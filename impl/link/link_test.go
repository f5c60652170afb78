package link

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/gen"
	"fincon/impl/bank"
	"fincon/impl/store"
	"fincon/impl/vault"
)

func TestRank(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, query string
		rank        int
	}{
		{"Bank (Non-OAuth)", "bank", 1},
		{"Bank (Non-OAuth)", "BANK (non", 1},
		{"Bank (Non-OAuth)", "oauth", 2},
		{"Bank (Non-OAuth)", "non oauth", 2},
		{"Ownership Accounts", "hip", 3},
		{"Ownership Accounts", "hip acc", 3},
		{"Ownership Accounts", "accounts ownership", 0},
		{"Banque de l'Été", "été", 2},
		{"Bank", "bank of", 0},
	}
	for _, c := range cases {
		require.Equal(t, c.rank, rank(words(c.name), words(c.query)), "%s in %s", c.query, c.name)
	}
}

func TestValidRouting(t *testing.T) {
	t.Parallel()
	for routing, valid := range map[string]bool{
		"110000000": true, "021000021": true, "322271627": true, "110000001": false, "000000000": false, "": false, "11000000": false,
	} {
		require.Equal(t, valid, validRouting(routing), routing)
	}
}

func TestWithResult(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"":                      "",
		"https://a.example":     "https://a.example?status=success&authSessionId=bcsess_1",
		"https://a.example/?":   "https://a.example/?&status=success&authSessionId=bcsess_1",
		"https://a.example?x=1": "https://a.example?x=1&status=success&authSessionId=bcsess_1",
		"app://x#part?y":        "app://x?status=success&authSessionId=bcsess_1#part?y",
	} {
		require.Equal(t, want, withResult(target, Success, "bcsess_1"))
	}
}

// A ticket is for one use, and only what this server's key has sealed is one.
func TestTickets(t *testing.T) {
	t.Parallel()
	f, other := &Flows{Config: Config{Vault: vault.Random()}}, &Flows{Config: Config{Vault: vault.Random()}}
	want := ticket{Use: useForm, Scope: store.Scope{Tenant: "t", Livemode: true}, Session: "fcsess_1", SignIn: "bcsess_1"}
	sealed, err := f.seal(want)
	require.NoError(t, err)
	got, err := f.unseal(sealed, useForm)
	require.NoError(t, err)
	require.Equal(t, want, got)
	_, err = f.unseal(sealed, useOAuth)
	require.Error(t, err)
	_, err = other.unseal(sealed, useForm)
	require.Error(t, err)
	for _, bad := range []string{"", "x", sealed[1:], sealed + "=", sealed + "\n", "\n" + sealed, sealed[:len(sealed)-1]} {
		_, err = f.unseal(bad, useForm)
		require.Error(t, err, bad)
	}
}

// Which pane follows, by everything that it depends on.
func TestNext(t *testing.T) {
	t.Parallel()
	data := &gen.Session{Permissions: []gen.Permission{gen.PermissionBalances}}
	pay := &gen.Session{Permissions: []gen.Permission{gen.PermissionPaymentMethod}}
	payable := &offer{ID: "bcacct_1", Account: bank.Account{ID: "1", PaymentMethodTypes: []string{"us_bank_account"}}}
	card := &offer{ID: "bcacct_2", Account: bank.Account{ID: "2"}}
	at := func(s status, more func(*state)) state {
		state := state{Consent: 1, Active: "s", SignIns: []*signIn{{ID: "s", Institution: "i", Status: s, Offers: []*offer{payable, card}}}}
		if more != nil {
			more(&state)
		}
		return state
	}
	chose := func(ids ...string) func(*state) {
		return func(s *state) {
			s.SignIns[0].Chosen = true
			for _, id := range ids {
				s.Linked = append(s.Linked, linked{Key: "i/" + id, ID: "fca_" + id})
			}
		}
	}
	cases := []struct {
		name    string
		session *gen.Session
		state   state
		pane    gen.LinkPane
		signIn  gen.LinkPane
	}{
		{"the start", data, state{}, gen.LinkPaneConsent, ""},
		{"agreed", data, state{Consent: 1}, gen.LinkPaneInstitutionPicker, ""},
		{"typed before agreeing", data, state{AtTyped: true}, gen.LinkPaneManualEntrySuccess, ""},
		{"signing in", data, at(waiting, nil), gen.LinkPanePartnerAuth, gen.LinkPanePartnerAuth},
		{"back from the bank", data, at(finishing, func(s *state) { s.SignIns[0].Until = 1 << 40 }), gen.LinkPanePartnerAuth, gen.LinkPanePartnerAuth},
		{"never finished", data, at(finishing, nil), gen.LinkPaneInstitutionPicker, gen.LinkPaneInstitutionPicker},
		{"refused at the bank", data, at(denied, nil), gen.LinkPaneInstitutionPicker, gen.LinkPanePartnerAuth},
		{"cancelled", data, at(cancelled, nil), gen.LinkPaneInstitutionPicker, gen.LinkPaneInstitutionPicker},
		{"failed", data, at(failed, nil), gen.LinkPaneInstitutionPicker, gen.LinkPaneInstitutionPicker},
		{"signed in", data, at(authorized, nil), gen.LinkPaneAccountPicker, gen.LinkPaneAccountPicker},
		{"linked", data, at(authorized, chose("1")), gen.LinkPaneSuccess, gen.LinkPaneSuccess},
		{"linked for payments", pay, at(authorized, chose("1")), gen.LinkPaneAttachLinkedPaymentAccount, gen.LinkPaneAttachLinkedPaymentAccount},
		{"a card for payments", pay, at(authorized, chose("2")), gen.LinkPaneSuccess, gen.LinkPaneSuccess},
		{"attached", pay, at(authorized, func(s *state) { chose("1")(s); s.Attached = "fca_1" }), gen.LinkPaneSuccess, gen.LinkPaneSuccess},
		{"more", data, at(authorized, func(s *state) { chose("1")(s); s.Active = "" }), gen.LinkPaneInstitutionPicker, gen.LinkPaneSuccess},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := &flow{session: c.session, state: c.state, now: time.Unix(2, 0)}
			require.Equal(t, c.pane, w.next())
			if c.signIn != "" {
				require.Equal(t, c.signIn, w.after(w.SignIns[0]))
			}
		})
	}
}
