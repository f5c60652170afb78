// Package contracttest holds every answer of a server against the OpenAPI document, in tests.
package contracttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Validator wraps a handler and reports each answer that the document does not describe: its status, its headers or its
// body. What the document does not have, and is not under /v1/, is passed through, and so is what browsers ask beforehand
// (OPTIONS).
type Validator struct {
	next   http.Handler
	router routers.Router
	errors *openapi3.Schema
	report func(error)
}

// New makes a validator from the document, as YAML or JSON.
func New(document []byte, next http.Handler, report func(error)) (*Validator, error) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // the test's server is wherever it is
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	return &Validator{next: next, router: router, errors: doc.Components.Schemas["Error"].Value, report: report}, nil
}

// ServeHTTP lets the handler answer, validates the answer and passes it on.
func (v *Validator) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	// The handler may change the request: the route is found from what arrived.
	route, parameters, routeErr := v.router.FindRoute(request)
	if request.Method == http.MethodOptions || routeErr != nil && !strings.HasPrefix(request.URL.Path, "/v1/") {
		v.next.ServeHTTP(w, request)
		return
	}
	recorder := httptest.NewRecorder()
	v.next.ServeHTTP(recorder, request)
	if err := v.validate(request, recorder, route, parameters, routeErr); err != nil {
		v.report(fmt.Errorf("%s %s answered %d: %w\n%s", request.Method, request.URL.Path, recorder.Code, err, recorder.Body))
	}
	for name, values := range recorder.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(recorder.Body.Bytes())
}

func (v *Validator) validate(request *http.Request, recorder *httptest.ResponseRecorder, route *routers.Route,
	parameters map[string]string, routeErr error) error {
	if recorder.Header().Get("Request-Id") == "" {
		return fmt.Errorf("there is no Request-Id")
	}
	if routeErr != nil { // no such operation: the answer is the error object
		return v.validateError(recorder)
	}
	return openapi3filter.ValidateResponse(request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, PathParams: parameters, Route: route},
		Status:                 recorder.Code,
		Header:                 recorder.Header(),
		Body:                   io.NopCloser(bytes.NewReader(recorder.Body.Bytes())),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
}

func (v *Validator) validateError(recorder *httptest.ResponseRecorder) error {
	var value any
	if err := json.Unmarshal(recorder.Body.Bytes(), &value); err != nil {
		return err
	}
	if recorder.Code != http.StatusNotFound && recorder.Code != http.StatusUnauthorized && recorder.Code < 400 {
		return fmt.Errorf("status %d for an operation that the document does not have", recorder.Code)
	}
	return v.errors.VisitJSON(value, openapi3.VisitAsResponse())
}
