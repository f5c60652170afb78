package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestResponse(t *testing.T) {
	t.Parallel()
	const next = "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"
	for _, tt := range []struct {
		name, wire, body string
		status           int
		closes           bool
	}{
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 200, false},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello",
			200, false},
		{"end of connection", "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "", 413, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newResponse(strings.NewReader(tt.wire + next))
			require.NoError(t, r.read())
			require.Equal(t, tt.body, string(r.body))
			require.Equal(t, tt.status, r.status)
			require.Equal(t, tt.closes, r.closes)
			require.NoError(t, r.read(), "the answer behind it is read from its start")
			require.Equal(t, 204, r.status)
		})
	}
}

func TestResponseUntilTheConnectionEnds(t *testing.T) {
	t.Parallel()
	r := newResponse(strings.NewReader("HTTP/1.1 431 Too Large\r\nConnection: close\r\n\r\n431 Too Large"))
	require.NoError(t, r.read())
	require.Equal(t, 431, r.status)
	require.Equal(t, "431 Too Large", string(r.body))
}

func TestResponseThatIsNone(t *testing.T) {
	t.Parallel()
	for name, wire := range map[string]string{
		"nothing":      "",
		"other":        "SSH-2.0-OpenSSH_9.6 and more\r\n",
		"cut off":      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
		"no length":    "HTTP/1.1 200 OK\r\n\r\n",
		"not a status": "HTTP/1.1 abc OK\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Error(t, newResponse(strings.NewReader(wire)).read())
		})
	}
}
