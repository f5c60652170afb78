package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/tests/harness"
)

// createCase is a request to create a session and what must come back.
type createCase struct {
	Name        string
	ContentType string `json:"content_type"`
	Body        string
	Status      int
	Expect      map[string]any    // a part of the session: objects by key, arrays exactly
	Error       map[string]string // fields of the error, exactly
}

func createCases(t *testing.T) []createCase {
	t.Helper()
	data, err := os.ReadFile("testdata/create-session.json")
	require.NoError(t, err)
	var file struct{ Cases []createCase }
	require.NoError(t, json.Unmarshal(data, &file))
	require.NotEmpty(t, file.Cases)
	return file.Cases
}

func TestCreateSession(t *testing.T) {
	t.Parallel()
	cases := createCases(t)
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		for _, c := range cases {
			t.Run(c.Name, func(t *testing.T) { c.run(t, server) })
		}
	})
}

func (c createCase) run(t *testing.T, server *harness.Server) {
	answer := server.Send(t, harness.Request{Method: http.MethodPost, Body: c.Body, Type: c.ContentType})
	require.Equal(t, c.Status, answer.Status, answer.Body)
	if c.Error != nil {
		var body struct{ Error map[string]string }
		require.NoError(t, json.Unmarshal([]byte(answer.Body), &body))
		for name, want := range c.Error {
			require.Equal(t, want, body.Error[name], name)
		}
		return
	}
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(answer.Body), &got))
	require.NoError(t, contains("", got, c.Expect))
	// What was answered is what is kept.
	retrieved := server.Send(t, harness.Request{Path: harness.Sessions + "/" + answer.Session(t).ID})
	require.Equal(t, answer.Body, retrieved.Body)
}

// contains tells where got does not have what want has.
func contains(path string, got, want any) error {
	members, ok := want.(map[string]any)
	if !ok {
		if !reflect.DeepEqual(got, want) {
			return fmt.Errorf("%s is %v, not %v", path, got, want)
		}
		return nil
	}
	object, ok := got.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is %v, not an object", path, got)
	}
	for name, member := range members {
		if err := contains(path+"/"+name, object[name], member); err != nil {
			return err
		}
	}
	return nil
}

// A form and a JSON body of the same content make the same session.
func TestCreateSessionSpellings(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	form := server.Send(t, harness.Request{Body: "account_holder[type]=customer&account_holder[customer]=cus_1" +
		"&permissions[]=balances&limits[accounts]=2&manual_entry[mode]=automatic&filters[account_subcategories][0]=checking"})
	object := server.Send(t, harness.Request{Type: harness.JSONType, Body: `{"account_holder":{"type":"customer","customer":"cus_1"},
		"permissions":["balances"],"limits":{"accounts":2},"manual_entry":{"mode":"automatic"},
		"filters":{"account_subcategories":["checking"]}}`})
	require.Equal(t, withoutRandom(t, form), withoutRandom(t, object))
}

// withoutRandom is a session's text without what is random in it.
func withoutRandom(t *testing.T, answer harness.Answer) string {
	t.Helper()
	session := answer.Session(t)
	return strings.NewReplacer(session.ID, "ID", session.ClientSecret, "SECRET").Replace(answer.Body)
}

const exactID = ". Make sure you use the exact id without extra whitespace or quotes"

func TestRetrieveSessionRefusals(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, path string
		status     int
		want       harness.Error
	}{
		{"unknown id", "/fcsess_x", 404, noSuch("fcsess_x")},
		{"id with a blank", "/fcsess_x%20", 404, noSuch("fcsess_x '" + exactID)},
		{"id in quotes", "/'fcsess_x'", 404, noSuch("'fcsess_x''" + exactID)},
		{"id with a NUL", "/fcsess%00", 404, noSuch("fcsess\x00")},
		{"id with a slash", "/a%2Fb", 404, noSuch("a/b")},
		{"id that is not UTF-8", "/fcsess%ff", 404, noSuch("fcsess�")},
		{"id with markup", "/%3Cscript%3E", 404, noSuch("<script>")},
		{"unknown parameter", "/fcsess_x?bogus=1", 400, harness.Error{Code: "parameter_unknown",
			Message: "Received unknown parameter: bogus", Param: "bogus"}},
	}
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				answer := server.Send(t, harness.Request{Path: harness.Sessions + c.path})
				require.Equal(t, c.status, answer.Status, answer.Body)
				c.want.Type = "invalid_request_error"
				c.want.DocURL = "https://stripe.com/docs/error-codes/" + strings.ReplaceAll(c.want.Code, "_", "-")
				require.Equal(t, c.want, answer.Error(t))
			})
		}
	})
}

// noSuch is the error for an id that does not exist; the hint brings its own closing quote.
func noSuch(id string) harness.Error {
	if !strings.HasSuffix(id, exactID) {
		id += "'"
	}
	return harness.Error{Code: "resource_missing", Message: "No such session: '" + id, Param: "session"}
}

func TestRetrieveSessionLongID(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	answer := server.Send(t, harness.Request{Path: harness.Sessions + "/" + strings.Repeat("x", 5001)})
	require.Equal(t, http.StatusBadRequest, answer.Status, answer.Body)
	require.Equal(t, "session", answer.Error(t).Param)
}
