package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCreateRequestIsTheSeeds(t *testing.T) {
	t.Parallel()
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(createRequest())))
	require.NoError(t, err)
	require.NoError(t, r.ParseForm())
	require.Equal(t, sessionsPath, r.URL.Path)
	require.Equal(t, "Bearer sk_test_bench", r.Header.Get("Authorization"))
	require.Equal(t, map[string][]string{
		"account_holder[type]":     {"customer"},
		"account_holder[customer]": {"cus_NiKSWdaFz2F6I0"},
		"permissions[0]":           {"payment_method"},
		"permissions[1]":           {"balances"},
		"filters[countries][0]":    {"US"},
	}, map[string][]string(r.PostForm))
}

func TestIdempotencyKeysDiffer(t *testing.T) {
	t.Parallel()
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$`)
	next := createKeyStream(0)
	keys := map[string]bool{}
	for range 100 {
		request, _ := next()
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
		require.NoError(t, err)
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.Equal(t, createForm, string(body))
		require.Regexp(t, uuid, r.Header.Get("Idempotency-Key"))
		keys[r.Header.Get("Idempotency-Key")] = true
	}
	require.Len(t, keys, 100)
}

func TestRetrieveStreamAsksForStoredIDs(t *testing.T) {
	t.Parallel()
	ids := &idSet{}
	require.NoError(t, ids.add([]byte("fcsess_a")))
	require.NoError(t, ids.add([]byte("fcsess_b")))
	require.Error(t, ids.add([]byte("fcsess_longer")))
	next := retrieveStream(ids, false)(0)
	for range 20 {
		request, want := next()
		require.Contains(t, []string{"fcsess_a", "fcsess_b"}, string(want))
		require.Contains(t, string(request), "GET "+sessionsPath+"/"+string(want)+" HTTP/1.1\r\n")
	}
}

func TestSessionID(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"id first":     `{"id": "fcsess_1", "client_secret": "fcsess_client_secret_2"}`,
		"secret first": `{"client_secret":"fcsess_client_secret_2","id":"fcsess_1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := sessionID([]byte(body))
			require.NoError(t, err)
			require.Equal(t, "fcsess_1", string(id))
		})
	}
	_, err := sessionID([]byte(`{"id":"cus_1"}`))
	require.Error(t, err)
}
