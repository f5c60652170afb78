package harness

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Sessions is the path of the sessions.
const Sessions = "/v1/financial_connections/sessions"

// The types that a body can have.
const (
	FormType = "application/x-www-form-urlencoded"
	JSONType = "application/json"
)

// Key is the key of requests that name none.
const Key = "sk_test_harness"

// Target is a server that is reached at a URL.
type Target struct{ URL string }

// Request is one request.
type Request struct {
	Method string // GET without a body, POST with one
	Path   string // escaped, with the query; Sessions when it is empty
	Key    string // sent as bearer token, unless Header has an Authorization; Key when it is empty
	Body   string
	Type   string // of the body; a form's when it is empty
	Header map[string]string
}

// Answer is what came back. It has been read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// client keeps many connections: tests send requests side by side. It never tries again by itself.
var client = &http.Client{
	Transport: &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true},
	Timeout:   time.Minute,
}

// Do sends a request. An error means that no whole answer came back.
func (s Target) Do(request Request) (Answer, error) {
	sent, err := s.request(request)
	if err != nil {
		return Answer{}, err
	}
	response, err := client.Do(sent)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: string(body)}, nil
}

func (s Target) request(request Request) (*http.Request, error) {
	method, path, kind, key := request.Method, request.Path, request.Type, request.Key
	if method == "" {
		method = http.MethodGet
		if request.Body != "" {
			method = http.MethodPost
		}
	}
	if path == "" {
		path = Sessions
	}
	if kind == "" {
		kind = FormType
	}
	if key == "" {
		key = Key
	}
	sent, err := http.NewRequest(method, s.URL+path, strings.NewReader(request.Body))
	if err != nil {
		return nil, err
	}
	sent.GetBody = nil // or the transport sends a request with an idempotency key again
	if method == http.MethodPost {
		sent.Header.Set("Content-Type", kind)
	}
	sent.Header.Set("Authorization", "Bearer "+key)
	for name, value := range request.Header {
		sent.Header.Set(name, value)
	}
	return sent, nil
}

// Send sends a request that has to be answered.
func (s Target) Send(t testing.TB, request Request) Answer {
	t.Helper()
	answer, err := s.Do(request)
	require.NoError(t, err)
	return answer
}

// Create sends a form to create a session; the answer has to be one.
func (s Target) Create(t testing.TB, form string) Answer {
	t.Helper()
	answer := s.Send(t, Request{Body: form})
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	return answer
}

// Read reads the answer's JSON.
func (a Answer) Read(t testing.TB, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.Body), into), a.Body)
}

// Session is what tests read of a session.
type Session struct {
	ID            string         `json:"id"`
	ClientSecret  string         `json:"client_secret"`
	Livemode      bool           `json:"livemode"`
	AccountHolder map[string]any `json:"account_holder"`
}

// Session reads the answer, which has to be a session.
func (a Answer) Session(t testing.TB) (session Session) {
	t.Helper()
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	require.NoError(t, json.Unmarshal([]byte(a.Body), &session))
	require.NotEmpty(t, session.ID)
	return session
}

// Error is the API's error object.
type Error struct {
	Code    string `json:"code"`
	DocURL  string `json:"doc_url"`
	Message string `json:"message"`
	Param   string `json:"param"`
	Type    string `json:"type"`
}

// Error reads the answer, which has to be an error.
func (a Answer) Error(t testing.TB) Error {
	t.Helper()
	require.GreaterOrEqual(t, a.Status, 400, a.Body)
	var body struct{ Error Error }
	require.NoError(t, json.Unmarshal([]byte(a.Body), &body), a.Body)
	require.NotEmpty(t, body.Error.Type, a.Body)
	return body.Error
}
