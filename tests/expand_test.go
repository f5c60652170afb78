package tests

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/tests/harness"
)

// What an expand path may name is answered, in full where there is more to say, when creating and when retrieving.
func TestExpand(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	for _, path := range []string{"account_holder", "accounts", "accounts.data", "accounts.data.ownership",
		"accounts.data.account_holder.customer", "filters", "limits", "manual_entry"} {
		t.Run(path, func(t *testing.T) {
			created := server.Send(t, harness.Request{Body: minimal + "&expand[]=" + path})
			retrieved := server.Send(t, harness.Request{
				Path: harness.Sessions + "/" + created.Session(t).ID + "?expand[]=" + path})
			require.Equal(t, created.Body, retrieved.Body)
		})
	}
}

func TestExpandHolder(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	cases := []struct{ name, holder, path, property, id, object string }{
		{"customer", "account_holder[type]=customer&account_holder[customer]=cus_123",
			"account_holder.customer", "customer", "cus_123", "customer"},
		{"account", "account_holder[type]=account&account_holder[account]=acct_123",
			"account_holder.account", "account", "acct_123", "account"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			form := c.holder + "&permissions[]=balances"
			created := server.Send(t, harness.Request{Body: form + "&expand[]=" + c.path})
			expanded, ok := created.Session(t).AccountHolder[c.property].(map[string]any)
			require.True(t, ok, created.Body)
			require.Equal(t, c.id, expanded["id"])
			require.Equal(t, c.object, expanded["object"])

			path := harness.Sessions + "/" + created.Session(t).ID
			require.Equal(t, created.Body, server.Send(t, harness.Request{Path: path + "?expand[0]=" + c.path}).Body)
			plain := server.Send(t, harness.Request{Path: path})
			require.Equal(t, c.id, plain.Session(t).AccountHolder[c.property], "what is kept is the id")
		})
	}
}

// Expanding what is not there is fine (server-api 1.7).
func TestExpandAbsent(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	created := server.Send(t, harness.Request{Body: minimal + "&expand[]=account_holder.account"})
	require.Equal(t, "cus_123", created.Session(t).AccountHolder["customer"])
}

func TestExpandRefusals(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, parameters string
		want             harness.Error
	}{
		{"unknown name", "expand[]=aplication", harness.Error{
			Message: "This property cannot be expanded because it doesn't exist: aplication."}},
		{"unknown name, deeper", "expand[]=account_holder.bogus", harness.Error{
			Message: "This property cannot be expanded because it doesn't exist: bogus."}},
		{"not expandable", "expand[]=livemode", harness.Error{Message: "This property cannot be expanded (livemode)."}},
		{"below what is no object", "expand[]=livemode.x", harness.Error{Message: "This property cannot be expanded (livemode)."}},
		{"list without data", "expand[]=accounts.ownership", harness.Error{
			Message: "This property cannot be expanded (ownership). You may want to try expanding 'accounts.data.ownership' instead."}},
		{"total_count", "expand[]=accounts.total_count", harness.Error{
			Message: "This property cannot be included (total_count)"}},
		{"too deep", "expand[]=a.b.c.d.e", harness.Error{Code: "property_expansion_max_depth",
			Message: "You cannot expand more than 4 levels of a property. Property: a.b.c.d.e"}},
		{"empty item", "expand[]=", emptyExpand()},
		{"empty", "expand=", emptyExpand()},
		{"no list", "expand=accounts", harness.Error{Param: "expand", Message: "Invalid array"}},
		{"the second of two", "expand[]=accounts&expand[]=bogus", harness.Error{
			Message: "This property cannot be expanded because it doesn't exist: bogus."}},
		{"before unknown parameters", "expand[]=bogus&another=1", harness.Error{
			Message: "This property cannot be expanded because it doesn't exist: bogus."}},
	}
	server := harness.Start(t, harness.Memory)
	id := server.Create(t, minimal).Session(t).ID
	for _, c := range cases {
		c.want.Type = "invalid_request_error"
		requests := map[string]harness.Request{
			"create":   {Body: minimal + "&" + c.parameters},
			"retrieve": {Path: harness.Sessions + "/" + id + "?" + c.parameters},
			"escaped":  {Path: harness.Sessions + "/" + id + "?" + escapeNames(c.parameters)},
		}
		for name, request := range requests {
			t.Run(c.name+", "+name, func(t *testing.T) {
				answer := server.Send(t, request)
				require.Equal(t, http.StatusBadRequest, answer.Status, answer.Body)
				require.Equal(t, c.want, answer.Error(t))
			})
		}
	}
}

func emptyExpand() harness.Error {
	return harness.Error{
		Code: "parameter_invalid_empty", DocURL: "https://stripe.com/docs/error-codes/parameter-invalid-empty", Param: "expand",
		Message: "You passed an empty string for 'expand'. We assume empty values are an attempt to unset a parameter; however " +
			"'expand' cannot be unset. You should remove 'expand' from your request or supply a non-empty value.",
	}
}

// escapeNames writes the brackets of parameters as most clients do.
func escapeNames(parameters string) string {
	return strings.NewReplacer("[", url.QueryEscape("["), "]", url.QueryEscape("]")).Replace(parameters)
}
