package tests

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/openapi"
	"fincon/tests/harness"
)

const (
	seeDocs     = "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
	seeTrailing = "If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, make sure " +
		"you passed a valid (non-empty) identifier in your code. " + seeDocs
)

// What does not exist is answered as the API does: 404 for paths and for methods alike (server-api 1.5).
func TestRoutesUnknown(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, method, path, hint string }{
		{"path", "GET", "/v1/bogus", seeDocs},
		{"path, to write", "POST", "/v1/bogus", seeDocs},
		{"list of sessions", "GET", harness.Sessions, seeDocs},
		{"method", "DELETE", harness.Sessions + "/fcsess_x", seeDocs},
		{"method with a body", "POST", harness.Sessions + "/fcsess_x", seeDocs},
		{"another method", "PUT", harness.Sessions, seeDocs},
		{"method that nobody knows", "BREW", harness.Sessions, seeDocs},
		{"below a session", "GET", harness.Sessions + "/fcsess_x/y", seeDocs},
		{"trailing slash", "GET", harness.Sessions + "/", seeTrailing},
		{"trailing slash, to write", "POST", harness.Sessions + "/", seeTrailing},
		{"trailing slash behind an id", "GET", harness.Sessions + "/fcsess_x/", seeTrailing},
		{"empty segment", "GET", "/v1/financial_connections//sessions", seeTrailing},
		{"the root of the API", "GET", "/v1/", seeTrailing},
	}
	server := harness.Start(t, harness.Memory)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			request := harness.Request{Method: c.method, Path: c.path + "?client_secret=hidden"}
			answer := server.Send(t, request)
			require.Equal(t, http.StatusNotFound, answer.Status, answer.Body)
			require.Equal(t, harness.Error{Type: "invalid_request_error",
				Message: "Unrecognized request URL (" + c.method + ": " + c.path + "). " + c.hint}, answer.Error(t))
			require.NotEmpty(t, answer.Header.Get("Stripe-Version"))

			request.Header = map[string]string{"Authorization": ""}
			answer = server.Send(t, request)
			require.Equal(t, http.StatusUnauthorized, answer.Status, "the key is looked at first")
			require.Equal(t, noKey, answer.Error(t).Message)
		})
	}
}

func TestRoutesLongPath(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	answer := server.Send(t, harness.Request{Path: "/v1/" + strings.Repeat("x", 10_000)})
	require.Equal(t, http.StatusNotFound, answer.Status)
	require.Less(t, len(answer.Body), 1000)
}

// Each request has an id of its own, whatever becomes of it.
func TestRoutesRequestID(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	seen := map[string]bool{}
	requests := []harness.Request{{Body: minimal}, {Body: minimal}, {Path: "/v1/bogus"}, {Path: "/bogus"}, {Path: "/openapi.yaml"},
		{Body: minimal, Key: "none"}, {Body: "bogus=1"}}
	for _, request := range requests {
		id := server.Send(t, request).Header.Get("Request-Id")
		require.Regexp(t, `^req_[0-9A-Za-z]{14}$`, id)
		seen[id] = true
	}
	require.Len(t, seen, len(requests))
}

// The document is there for everybody, as it is in the repository.
func TestRoutesDocument(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	for path, want := range map[string][]byte{"/openapi.yaml": openapi.YAML, "/openapi.json": openapi.JSON} {
		answer := server.Send(t, harness.Request{Path: path, Header: map[string]string{"Authorization": ""}})
		require.Equal(t, http.StatusOK, answer.Status)
		require.Equal(t, string(want), answer.Body)
	}
}

func TestRoutesOutsideTheAPI(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	for _, path := range []string{"/start", "/start/static/index.html", "/bogus", "/v1", "/v2/bogus"} {
		answer := server.Send(t, harness.Request{Path: path, Header: map[string]string{"Authorization": ""}})
		require.Equal(t, http.StatusNotFound, answer.Status)
		require.True(t, strings.HasPrefix(answer.Error(t).Message, "Unrecognized request URL (GET: "+path+"). "), answer.Body)
	}
}
