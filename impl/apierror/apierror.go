// Package apierror is the error that the API answers with. It is the wire object, a Go error, and knows its HTTP status;
// there is no other kind of answer with a status of 400 or more, or of 202.
package apierror

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Type is the kind of error. The official SDKs choose an error class by it and by the status.
type Type string

// The types that exist on the wire.
const (
	InvalidRequest Type = "invalid_request_error"
	Idempotency    Type = "idempotency_error"
	API            Type = "api_error"
)

// Error is one complaint. Its fields stand in the order in which they are sent, which is alphabetical; what is empty is
// left out.
type Error struct {
	// Status is the HTTP status; it is not part of the object.
	Status int `json:"-"`
	// Challenge asks for a key: it is sent as WWW-Authenticate.
	Challenge bool `json:"-"`
	// Remember says that the answer is the outcome of an operation that ran, so that an idempotency key repeats it.
	Remember bool `json:"-"`

	Code   string `json:"code,omitempty"`
	DocURL string `json:"doc_url,omitempty"`
	// ExtraFields are what the linking flow's clients read beyond the rest (link-protocol 5.6).
	ExtraFields map[string]any `json:"extra_fields,omitempty"`
	Message     string         `json:"message"`
	Param       string         `json:"param,omitempty"`
	Type        Type           `json:"type"`

	// Cause is what went wrong inside. It is logged and never sent.
	Cause error `json:"-"`
}

// Error is for logs: it never holds more than what is sent to the client and the cause.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%d %s: %s: %v", e.Status, e.Type, e.Message, e.Cause)
	}
	return fmt.Sprintf("%d %s: %s", e.Status, e.Type, e.Message)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// ShouldRetry tells whether sending the same request again can help; the SDKs obey it (server-api 1.10).
func (e *Error) ShouldRetry() bool {
	return e.Status == http.StatusAccepted || e.Status == http.StatusConflict || e.Status == http.StatusTooManyRequests || e.Status >= 500
}

// JSON is the body of the answer: the error object, indented as all answers are.
func (e *Error) JSON() []byte {
	body, err := json.MarshalIndent(struct {
		Error *Error `json:"error"`
	}{e}, "", "  ")
	if err != nil {
		panic(err) // a struct of strings always encodes
	}
	return append(body, '\n')
}

// Invalid is a 400 for a request that is not as it must be; param is the parameter at fault, "" when there is none.
func Invalid(param, message string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: InvalidRequest, Param: param, Message: message}
}

// WithCode adds a code and where it is explained.
func (e *Error) WithCode(code string) *Error {
	e.Code = code
	e.DocURL = "https://stripe.com/docs/error-codes/" + strings.ReplaceAll(code, "_", "-")
	return e
}

// AsOutcome marks the error as the outcome of an operation that ran (see Remember).
func (e *Error) AsOutcome() *Error {
	e.Remember = true
	return e
}

// Missing is the answer when a required parameter is not there.
func Missing(param string) *Error {
	return Invalid(param, fmt.Sprintf("Missing required param: %s.", param)).WithCode("parameter_missing")
}

// Exclusive is the answer when parameters were given together that may only be given alone. The first is named.
func Exclusive(params ...string) *Error {
	return Invalid(params[0], fmt.Sprintf("You may only specify one of these parameters: %s.", strings.Join(params, ", "))).
		WithCode("parameters_exclusive")
}

// Empty is the answer to an empty string for something that cannot be unset.
func Empty(param string) *Error {
	return Invalid(param, fmt.Sprintf("You passed an empty string for '%[1]s'. We assume empty values are an attempt to "+
		"unset a parameter; however '%[1]s' cannot be unset. You should remove '%[1]s' from your request or supply a "+
		"non-empty value.", param)).WithCode("parameter_invalid_empty")
}

// NoSuch is the answer when the object that the path names does not exist: kind is its type without the API's prefix
// ("session"), param the path parameter.
func NoSuch(kind, id, param string) *Error {
	message := fmt.Sprintf("No such %s: '%s'", kind, id)
	if strings.Trim(id, " \t\r\n'\"") != id {
		message += ". Make sure you use the exact id without extra whitespace or quotes"
	}
	e := Invalid(param, message).WithCode("resource_missing").AsOutcome()
	e.Status = http.StatusNotFound
	return e
}

// NoSuchInMode is the answer when the object exists, but in the mode that the key is not of.
func NoSuchInMode(kind, id, param string, livemode bool) *Error {
	exists, key := "live", "test"
	if livemode {
		exists, key = "test", "live"
	}
	e := NoSuch(kind, id, param)
	e.Message = fmt.Sprintf("No such %s: '%s'; a similar object exists in %s mode, but a %s mode key was used to make "+
		"this request.", kind, id, exists, key)
	return e
}

// NoRoute is the answer to a path, or a method on a path, that does not exist.
func NoRoute(method, path string) *Error {
	const limit = 200
	if len(path) > limit {
		path = path[:limit] + "…"
	}
	hint := "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
	if strings.HasSuffix(path, "/") || strings.Contains(path, "//") {
		hint = "If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, " +
			"make sure you passed a valid (non-empty) identifier in your code. " + hint
	}
	e := Invalid("", fmt.Sprintf("Unrecognized request URL (%s: %s). %s", method, strings.ToValidUTF8(path, "�"), hint))
	e.Status = http.StatusNotFound
	return e
}

// TooLarge is the answer to a body of more than limit bytes.
func TooLarge(limit int64) *Error {
	e := Invalid("", fmt.Sprintf("The request body is larger than %d bytes. Send less in one request.", limit))
	e.Status = http.StatusRequestEntityTooLarge
	return e
}

// NotYet is the answer when what was asked for will be there in a moment. It has the form of an error and the status 202:
// that is what the linking flow's clients poll for (link-protocol 5.1).
func NotYet(message string) *Error {
	return &Error{Status: http.StatusAccepted, Type: InvalidRequest, Message: message}
}

// Internal is the answer when the server itself is at fault. The cause goes to the log, under the request's id.
func Internal(requestID string, cause error) *Error {
	return &Error{
		Status: http.StatusInternalServerError,
		Type:   API,
		Message: "The server could not do this because of a fault of its own. Try again; if it stays, look for " +
			requestID + " in the server's log.",
		Cause: cause,
	}
}
