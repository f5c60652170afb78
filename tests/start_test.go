package tests

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl"
	"fincon/tests/harness"
)

// The start page is there for everybody, is the same for everybody, and loads nothing from elsewhere.
func TestStartPage(t *testing.T) {
	t.Parallel()
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
		"frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	server := harness.Start(t, harness.Memory)
	nobody := map[string]string{"Authorization": ""}
	answer := server.Send(t, harness.Request{Path: "/", Header: nobody})
	require.Equal(t, http.StatusOK, answer.Status)
	require.Equal(t, "text/html; charset=utf-8", answer.Header.Get("Content-Type"))
	require.Equal(t, policy, answer.Header.Get("Content-Security-Policy"))
	require.Contains(t, answer.Body, `data-keys="any"`)
	loaded := regexp.MustCompile(`(?:src|href)="(/start/[^"]+)"`).FindAllStringSubmatch(answer.Body, -1)
	require.Len(t, loaded, 2)
	for _, file := range loaded {
		require.Equal(t, http.StatusOK, server.Send(t, harness.Request{Path: file[1], Header: nobody}).Status, file[1])
	}
	for name, status := range map[string]int{
		"reference/swagger-ui.css": 200, "reference/swagger-ui-bundle.js": 200, "reference/swagger-ui-bundle.js.LICENSE.txt": 200,
		"reference": 404, "": 404, "..%2fmodal/main.js": 404, "../modal/main.js": 404, "none.js": 404,
	} {
		require.Equal(t, status, server.Send(t, harness.Request{Path: "/start/static/" + name, Header: nobody}).Status, name)
	}
}

// A server that takes registered keys says so, and one with a public URL lets its modal be framed from there.
func TestStartPageOfAServer(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.SQLite, harness.RegisteredKeys, func(config *impl.Config) {
		config.PublicURL = "https://link.example.com/below"
	})
	answer := server.Send(t, harness.Request{Path: "/"})
	require.Contains(t, answer.Body, `data-keys="registered"`)
	require.Contains(t, answer.Header.Get("Content-Security-Policy"), "frame-src 'self' https://link.example.com;")
}
