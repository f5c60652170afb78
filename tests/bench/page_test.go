package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPages(t *testing.T) {
	t.Parallel()
	kept := stock{accounts: 250, transactions: 1000}
	for _, tt := range []struct {
		name        string
		page        page
		after       string
		first, last string
		rows        int
		more        bool
	}{
		{"first", kept.transactionPage(1), "", kept.transactionID(999), kept.transactionID(900), 100, true},
		{"second", kept.transactionPage(2), kept.transactionID(900), kept.transactionID(899), kept.transactionID(800), 100, true},
		{"last", kept.transactionPage(10), kept.transactionID(100), kept.transactionID(99), kept.transactionID(0), 100, false},
		{"last, not full", kept.accountPage(3), kept.accountID(50), kept.accountID(49), kept.accountID(0), 50, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(tt.page.request())))
			require.NoError(t, err)
			require.Equal(t, "100", request.FormValue("limit"))
			require.Equal(t, tt.after, request.FormValue("starting_after"))
			require.Len(t, tt.page.ids, tt.rows)
			require.Equal(t, tt.first, tt.page.ids[0])
			require.Equal(t, tt.last, tt.page.ids[tt.rows-1])
			require.Equal(t, tt.more, tt.page.more)
		})
	}
}

func TestCheckPage(t *testing.T) {
	t.Parallel()
	p := stock{transactions: 3}.transactionPage(1)
	answer := func(status int, more bool, ids ...string) *response {
		var rows []map[string]string
		for _, id := range ids {
			rows = append(rows, map[string]string{"id": id})
		}
		body, err := json.Marshal(map[string]any{"object": "list", "data": rows, "has_more": more})
		require.NoError(t, err)
		return &response{status: status, body: body}
	}
	require.NoError(t, p.check(answer(200, false, p.ids...)))
	require.Error(t, p.check(answer(200, true, p.ids...)), "there is no more")
	require.Error(t, p.check(answer(200, false, p.ids[1:]...)), "a row is missing")
	require.Error(t, p.check(answer(200, false, p.ids[1], p.ids[0], p.ids[2])), "the order differs")
	require.Error(t, p.check(answer(500, false, p.ids...)))
	require.Error(t, p.check(&response{status: 200, body: []byte("<html>")}))
}
