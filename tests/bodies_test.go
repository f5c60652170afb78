package tests

import (
	"bufio"
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

func TestBodiesContentType(t *testing.T) {
	t.Parallel()
	const object = `{"account_holder":{"type":"customer","customer":"cus_1"},"permissions":["balances"]}`
	cases := []struct {
		name, kind, body string
		status           int
	}{
		{"form", "application/x-www-form-urlencoded", minimal, 200},
		{"form with a character set", "application/x-www-form-urlencoded; charset=utf-8", minimal, 200},
		{"form in capitals", "Application/X-WWW-Form-URLEncoded", minimal, 200},
		{"JSON", "application/json", object, 200},
		{"JSON with a character set", "application/json; charset=UTF-8", object, 200},
		{"none", "", minimal, 400},
		{"text", "text/plain", minimal, 400},
		{"multipart", "multipart/form-data; boundary=x", "--x\r\n\r\n--x--", 400},
		{"XML", "application/xml", "<a/>", 400},
		{"JSON of another kind", "application/vnd.api+json", object, 400},
		{"not a type", "json", object, 400},
		{"a form sent as JSON", "application/json", minimal, 400},
		{"JSON sent as a form", "application/x-www-form-urlencoded", object, 400},
	}
	server := harness.Start(t, harness.Memory)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			answer := server.Send(t, harness.Request{Body: c.body, Header: map[string]string{"Content-Type": c.kind}})
			require.Equal(t, c.status, answer.Status, answer.Body)
			if c.status != http.StatusOK {
				require.Equal(t, "invalid_request_error", answer.Error(t).Type)
			}
		})
	}
}

// Nothing sent is nothing asked for: the first parameter that is missing is named.
func TestBodiesEmpty(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	for _, kind := range []string{harness.FormType, harness.JSONType, "", "text/plain"} {
		t.Run(kind, func(t *testing.T) {
			answer := server.Send(t, harness.Request{Method: http.MethodPost, Header: map[string]string{"Content-Type": kind}})
			require.Equal(t, http.StatusBadRequest, answer.Status, answer.Body)
			require.Equal(t, "Missing required param: account_holder.", answer.Error(t).Message)
		})
	}
}

func TestBodiesJSON(t *testing.T) {
	t.Parallel()
	limit := func(number string) string {
		return `{"account_holder":{"type":"customer","customer":"c"},"permissions":["balances"],"limits":{"accounts":` + number + `}}`
	}
	cases := []struct{ name, body string }{
		{"cut off", `{"account_holder":{"type":"customer","customer":"s3cret"`},
		{"not JSON", `account_holder s3cret`},
		{"two values", `{"account_holder":"s3cret"}{"account_holder":"s3cret"}`},
		{"text behind", `{} s3cret`},
		{"null", `null`},
		{"a list", `["s3cret"]`},
		{"a text", `"s3cret"`},
		{"a number", `12345678901234567890123456789012345678901234567890`},
		{"a trailing comma", `{"permissions":["s3cret",]}`},
		{"null for a parameter", `{"account_holder":null,"permissions":["balances"]}`},
		{"null in a list", `{"account_holder":{"type":"customer","customer":"s3cret"},"permissions":[null]}`},
		{"a list for an object", `{"account_holder":["s3cret"],"permissions":["balances"]}`},
		{"an object for a text", `{"account_holder":{"type":"customer","customer":{"id":"s3cret"}},"permissions":["balances"]}`},
		{"a number that is too large", limit("1e400")},
		{"an integer that is too large", limit("9223372036854775808")},
		{"a fraction", limit("1.5")},
		{"not UTF-8", "{\"account_holder\":{\"type\":\"customer\",\"customer\":\"\xff\"},\"permissions\":[\"balances\"]}"},
		{"nested deeply", strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)},
	}
	server := harness.Start(t, harness.Memory)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			answer := server.Send(t, harness.Request{Body: c.body, Type: harness.JSONType})
			require.Equal(t, http.StatusBadRequest, answer.Status, answer.Body)
			require.Equal(t, "invalid_request_error", answer.Error(t).Type)
			require.NotContains(t, answer.Body, "s3cret", "errors never repeat what may be secret")
		})
	}
}

// A number that JSON can write in several ways means the same in all of them, or is refused; it is never dropped.
func TestBodiesJSONIntegers(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	for _, number := range []string{"2", "2.0", "2e0", "20e-1"} {
		t.Run(number, func(t *testing.T) {
			answer := server.Send(t, harness.Request{Type: harness.JSONType, Body: `{"account_holder":{"type":"customer","customer":"c"},
				"permissions":["balances"],"limits":{"accounts":` + number + `}}`})
			if answer.Status == http.StatusOK {
				require.Contains(t, answer.Body, `"accounts": 2`)
			} else {
				require.Equal(t, "limits[accounts]", answer.Error(t).Param)
			}
		})
	}
}

// Bodies up to the limit are read, larger ones refused, announced or not.
func TestBodiesLimit(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		bytes  int
		status int
	}{
		{"as large as may be", impl.MaxBody, http.StatusBadRequest}, // its parameter is too long
		{"a byte too large", impl.MaxBody + 1, http.StatusRequestEntityTooLarge},
		{"much too large", 10 * impl.MaxBody, http.StatusRequestEntityTooLarge},
	}
	server := harness.Start(t, harness.Memory)
	for _, c := range cases {
		body := minimal + "&return_url="
		body += strings.Repeat("x", c.bytes-len(body))
		t.Run(c.name, func(t *testing.T) {
			answer := server.Send(t, harness.Request{Body: body})
			require.Equal(t, c.status, answer.Status, answer.Body)
			require.Equal(t, "invalid_request_error", answer.Error(t).Type)
			require.Less(t, len(answer.Body), 1000)
		})
		t.Run(c.name+", in chunks", func(t *testing.T) {
			require.Equal(t, c.status, sendChunked(t, server.URL, body))
		})
	}
}

// sendChunked sends a body without saying how long it is.
func sendChunked(t *testing.T, url, body string) (status int) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url+harness.Sessions, struct{ io.Reader }{strings.NewReader(body)})
	require.NoError(t, err)
	request.Header.Set("Content-Type", harness.FormType)
	request.Header.Set("Authorization", "Bearer "+harness.Key)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}

// A client that hangs up in the middle of its body does no harm, and nothing is made of what it sent.
func TestBodiesCutOff(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.SQLite)
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	require.NoError(t, err)
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		harness.Sessions, harness.Key, harness.FormType, len(minimal)+10, minimal)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.GreaterOrEqual(t, response.StatusCode, 400)
	require.NoError(t, conn.Close())
	require.Zero(t, server.Database.Sessions())
}
