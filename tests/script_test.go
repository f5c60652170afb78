package tests

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl"
	"fincon/tests/harness"
)

// The script is served wherever pages and the official loader ask for it, under the release's name.
func TestScriptPaths(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	for path, release := range map[string]string{
		"/v3": "v3", "/v3/": "v3", "/v3/stripe.js": "v3", "/v3/?advancedFraudSignals=false": "v3", "/stripe.js": "endive",
		"/endive/stripe.js": "endive", "/dahlia/stripe.js": "dahlia",
	} {
		answer := get(t, server.URL+path)
		require.Equal(t, http.StatusOK, answer.status, path)
		require.Contains(t, answer.body, `({"url":"`+server.URL+`","release":"`+release+`"});`, path)
		require.Equal(t, "text/javascript; charset=utf-8", answer.header.Get("Content-Type"))
		require.Equal(t, "nosniff", answer.header.Get("X-Content-Type-Options"))
		require.Equal(t, "*", answer.header.Get("Access-Control-Allow-Origin"))
		require.Equal(t, "cross-origin", answer.header.Get("Cross-Origin-Resource-Policy"))
		require.Equal(t, "public, max-age=300", answer.header.Get("Cache-Control"))
		require.Empty(t, answer.header.Values("Set-Cookie"))
	}
	for _, path := range []string{"/v3/x", "/x/v3", "/Dahlia/stripe.js", "/2026-09-30/stripe.js", "/%22/stripe.js", "/a/b/stripe.js",
		"/" + strings.Repeat("x", 33) + "/stripe.js", "/stripe.js/", "/script/main.js"} {
		require.Equal(t, http.StatusNotFound, get(t, server.URL+path).status, path)
	}
}

// The script is written anew for each address under which the server is reached; nothing in one can break out of its text.
func TestScriptAddress(t *testing.T) {
	t.Parallel()
	t.Run("public URL", func(t *testing.T) {
		server := harness.Start(t, harness.Memory, func(config *impl.Config) { config.PublicURL = "https://link.example.com/fc" })
		require.Contains(t, get(t, server.URL+"/v3/").body, `({"url":"https://link.example.com/fc",`)
	})
	t.Run("as requests are addressed", func(t *testing.T) {
		server := harness.Start(t, harness.Memory)
		for host, written := range map[string]string{
			"bank.test:8080":          `"http://bank.test:8080"`,
			`a',alert(1)&&b`:          `"http://a',alert(1)\u0026\u0026b"`,
			`a"+alert(1)+"`:           "", // does not come through at all
			`</script><script>x`:      "",
			"a\\\"});alert(1);//\x7f": "",
		} {
			status, body := askAs(t, server, host)
			if written == "" {
				require.Equal(t, http.StatusBadRequest, status, host)
				continue
			}
			require.Equal(t, http.StatusOK, status, host)
			require.Contains(t, body, `({"url":`+written+`,`)
		}
	})
}

// askAs sends a Host that ordinary clients would not send.
func askAs(t *testing.T, server *harness.Server, host string) (int, string) {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	_, err = fmt.Fprintf(connection, "GET /v3/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode, string(body)
}

// What browsers have already is not sent again, and what is sent is compressed for those who take it.
func TestScriptIsSentOnce(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	ask := func(header ...string) (*http.Response, []byte) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v3/", nil)
		require.NoError(t, err)
		request.Header.Set("Accept-Encoding", "identity")
		for i := 0; i < len(header); i += 2 {
			request.Header.Set(header[i], header[i+1])
		}
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer, body
	}
	plain, body := ask()
	require.Empty(t, plain.Header.Get("Content-Encoding"))
	compressed, small := ask("Accept-Encoding", "br, gzip")
	require.Equal(t, "gzip", compressed.Header.Get("Content-Encoding"))
	require.Less(t, len(small), 10_000)
	reader, err := gzip.NewReader(strings.NewReader(string(small)))
	require.NoError(t, err)
	unpacked, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.Equal(t, string(body), string(unpacked))

	require.NotEqual(t, plain.Header.Get("ETag"), compressed.Header.Get("ETag"))
	for _, answer := range []*http.Response{plain, compressed} {
		require.Equal(t, "Accept-Encoding", answer.Header.Get("Vary"))
		again, body := ask("Accept-Encoding", "gzip", "If-None-Match", answer.Header.Get("ETag"))
		if answer == compressed {
			require.Equal(t, http.StatusNotModified, again.StatusCode)
			require.Empty(t, body)
		} else {
			require.Equal(t, http.StatusOK, again.StatusCode)
		}
	}
	again, _ := ask("If-None-Match", plain.Header.Get("ETag"))
	require.Equal(t, http.StatusNotModified, again.StatusCode)
}
