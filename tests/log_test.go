package tests

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/tests/harness"
)

// logged is a line of the log about a request.
type logged struct {
	Msg       string
	Request   string
	Operation string
	Status    int
	Duration  *time.Duration // nanoseconds
}

// What is nobody's business contains s3cret.
const (
	secretKey  = "sk_test_s3cret_key"
	secretForm = "account_holder[type]=customer&account_holder[customer]=cus_s3cret&permissions[]=balances"
)

// varied are requests of all kinds.
func varied(session string) []harness.Request {
	const form = secretForm
	header := func(name, value string) map[string]string { return map[string]string{name: value} }
	requests := []harness.Request{
		{Body: form + "&return_url=https://example.com/s3cret"},
		{Body: form, Header: header("Idempotency-Key", "s3cret")},
		{Body: form, Header: header("Idempotency-Key", "s3cret")},
		{Body: form + "&permissions[]=ownership", Header: header("Idempotency-Key", "s3cret")},
		{Body: form + "&s3cret=s3cret"},
		{Body: form + "&limits[accounts]=s3cret"},
		{Body: form + "&return_url=s3cret"},
		{Body: form + "&permissions[0=s3cret"},
		{Body: form + "&return_url=" + strings.Repeat("s3cret", 200_000)},
		{Body: `{"account_holder":"s3cret`, Type: harness.JSONType},
		{Body: "s3cret", Type: "text/s3cret"},
		{Body: form, Header: header("Stripe-Version", "s3cret")},
		{Body: form, Header: header("Stripe-Account", "s3cret")},
		{Path: harness.Sessions + "/" + session + "?expand[]=accounts"},
		{Path: harness.Sessions + "/" + session + "?client_secret=s3cret"},
		{Path: harness.Sessions + "/fcsess_s3cret"},
		{Path: "/v1/s3cret?s3cret=s3cret"},
		{Path: "/s3cret"},
		{Method: "S3CRET", Path: harness.Sessions},
		{Body: form, Header: header("Authorization", "Basic s3cret")},
	}
	for i := range requests {
		requests[i].Key = secretKey
	}
	return append(requests,
		harness.Request{Body: form, Key: "pk_test_s3cret"},
		harness.Request{Body: form, Key: "s3cret_s3cret_s3cret_s3cret"})
}

// The log has one line for each request, and says nothing that is nobody's business.
func TestLog(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			harness.OnEach(t, func(t *testing.T, kind harness.Kind) { runLog(t, kind, format) })
		})
	}
}

func runLog(t *testing.T, kind harness.Kind, format string) {
	database := harness.NewDatabase(t, kind)
	process := harness.Run(t, "--db", database.DSN, "--log-format", format, "--log-level", "debug")
	created := process.Send(t, harness.Request{Body: secretForm, Key: secretKey})
	session := created.Session(t)
	answers := map[string]harness.Answer{created.Header.Get("Request-Id"): created}
	send := func(request harness.Request) harness.Answer {
		answer := process.Send(t, request)
		answers[answer.Header.Get("Request-Id")] = answer
		return answer
	}
	requests := varied(session.ID)
	for _, request := range requests {
		send(request)
	}
	database.Exec("ALTER TABLE sessions RENAME TO away")
	require.Equal(t, http.StatusInternalServerError, send(requests[0]).Status)
	process.Stop()

	output := process.Output()
	for line := range strings.Lines(output) {
		require.NotContains(t, strings.ToLower(line), "s3cret")
		require.NotContains(t, line, session.ClientSecret)
	}
	if format == "json" {
		requireLines(t, output, answers)
		return
	}
	for id := range answers {
		require.Equal(t, 1, strings.Count(output, "request="+id+" "), id)
	}
}

// requireLines checks the lines of a log in JSON against the answers, by request id.
func requireLines(t *testing.T, output string, answers map[string]harness.Answer) {
	t.Helper()
	lines := map[string]logged{}
	for text := range strings.Lines(output) {
		if !strings.HasPrefix(text, "{") {
			continue // the banner
		}
		var line logged
		require.NoError(t, json.Unmarshal([]byte(text), &line), text)
		if line.Msg == "request" {
			require.NotContains(t, lines, line.Request, "two lines for one request")
			lines[line.Request] = line
		}
	}
	require.Len(t, lines, len(answers))
	for id, answer := range answers {
		line := lines[id]
		require.Equal(t, answer.Status, line.Status, answer.Body)
		require.NotEmpty(t, line.Operation)
		require.NotNil(t, line.Duration)
		if answer.Status == http.StatusOK {
			require.Contains(t, []string{"CreateSession", "RetrieveSession"}, line.Operation)
		}
	}
}
