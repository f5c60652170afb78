package tests

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/tests/harness"
)

func TestVersionsAccepted(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, sent, answered string }{
		{"none: the document's", "", "2026-09-30.endive"},
		{"the document's", "2026-09-30.endive", "2026-09-30.endive"},
		{"another release", "2026-08-26.dahlia", "2026-08-26.dahlia"},
		{"before releases had names", "2020-08-27", "2020-08-27"},
		{"preview", "2026-03-25.preview", "2026-03-25.preview"},
		{"betas", "2020-08-27; one_beta=v1; other_beta=v12", "2020-08-27; one_beta=v1; other_beta=v12"},
	}
	server := harness.Start(t, harness.Memory)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			request := harness.Request{Body: minimal, Header: map[string]string{}}
			if c.sent != "" {
				request.Header["Stripe-Version"] = c.sent
			}
			created := server.Send(t, request)
			created.Session(t)
			require.Equal(t, c.answered, created.Header.Get("Stripe-Version"))

			request.Body = "bogus=1"
			refused := server.Send(t, request)
			require.Equal(t, http.StatusBadRequest, refused.Status)
			require.Equal(t, c.answered, refused.Header.Get("Stripe-Version"))
		})
	}
}

func TestVersionsRefused(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	versions := []string{"latest", "2026", "2026-13-01", "2026-09-32", "2026-09-30.", "2026-09-30.Endive", "2026-09-30.endive;",
		"2026-09-30 endive"}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			for _, request := range []harness.Request{{Body: minimal}, {Path: harness.Sessions + "/fcsess_x"}, {Path: "/v1/bogus"}} {
				request.Header = map[string]string{"Stripe-Version": version}
				answer := server.Send(t, request)
				require.Equal(t, http.StatusBadRequest, answer.Status, answer.Body)
				require.Equal(t, harness.Error{
					Type: "invalid_request_error", Message: "Invalid Stripe API version: " + version}, answer.Error(t))
			}
		})
	}
}

func TestVersionsLong(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	version := "2026-09-30.endive" + strings.Repeat("; beta=v1", 1000)
	answer := server.Send(t, harness.Request{Body: minimal, Header: map[string]string{"Stripe-Version": version}})
	require.Equal(t, http.StatusBadRequest, answer.Status)
	require.Less(t, len(answer.Error(t).Message), 500)
}

// A wrong version is looked at after the key, and before everything else.
func TestVersionsOrder(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	header := map[string]string{"Stripe-Version": "latest", "Idempotency-Key": ""}
	answer := server.Send(t, harness.Request{Body: "bogus=1", Header: header})
	require.Equal(t, "Invalid Stripe API version: latest", answer.Error(t).Message)
	header["Authorization"] = ""
	require.Equal(t, http.StatusUnauthorized, server.Send(t, harness.Request{Body: "bogus=1", Header: header}).Status)
}
