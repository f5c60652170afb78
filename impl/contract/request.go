package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"github.com/oapi-codegen/runtime"

	"fincon/impl/apierror"
	"fincon/impl/form"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// Where the validated values are kept for what comes after: the generated wrappers take the query from there
// (openapi/templates/echo-wrappers.tmpl), the Binder the body.
const (
	queryKey = "query"
	bodyKey  = "body"
)

// Check decodes and validates a request. What has no operation in the document passes.
func (c *Contract) Check(ctx echo.Context) error {
	op := c.operations[ctx.Request().Method][ctx.Path()]
	if op == nil {
		return nil
	}
	if err := op.validatePath(ctx); err != nil {
		return err
	}
	if err := op.validateQuery(ctx); err != nil {
		return err
	}
	return op.validateBody(ctx)
}

// validatePath: an id that is longer than any can be is refused before it is looked up.
func (op *operation) validatePath(ctx echo.Context) error {
	for i, name := range ctx.ParamNames() {
		if ref := op.path[name]; ref != nil && ref.Value.VisitJSON(ctx.ParamValues()[i]) != nil {
			return op.complain(objectOf(op.path), map[string]any{name: ctx.ParamValues()[i]})
		}
	}
	return nil
}

func (op *operation) validateQuery(ctx echo.Context) error {
	raw := ctx.Request().URL.RawQuery
	if raw == "" && len(op.query.Required) == 0 {
		return nil
	}
	query, err := form.Decode(raw, op.query, form.DefaultLimits)
	if err != nil {
		return syntaxFault(err)
	}
	ctx.Set(queryKey, query)
	return op.validate(op.query, query)
}

func (op *operation) validateBody(ctx echo.Context) error {
	if op.body == nil {
		return nil
	}
	request := ctx.Request()
	raw, err := readBody(request)
	if err != nil {
		return err
	}
	value := any(map[string]any{}) // a body without anything: its first missing parameter is named
	if raw == "" {
		if !op.bodyRequired {
			return nil
		}
	} else if value, err = decodeBody(request, raw, op.body); err != nil {
		return err
	}
	ctx.Set(bodyKey, value)
	return op.validate(op.body, value)
}

func (op *operation) validate(schema *openapi3.Schema, value any) error {
	if err := schema.VisitJSON(value, openapi3.VisitAsRequest()); err != nil {
		return op.complain(schema, value)
	}
	return op.checkExpand(value)
}

func readBody(request *http.Request) (string, error) {
	var raw strings.Builder
	if request.ContentLength > 0 {
		raw.Grow(int(min(request.ContentLength, 4<<10)))
	}
	_, err := io.Copy(&raw, request.Body)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return "", apierror.TooLarge(tooLarge.Limit)
	}
	if err != nil {
		return "", apierror.Invalid("", "The request body could not be read to its end. Send it again.")
	}
	return raw.String(), nil
}

// decodeBody reads a form or a JSON text. The header is left with exactly the type, since the generated code compares it
// as text.
func decodeBody(request *http.Request, raw string, schema *openapi3.Schema) (value any, err error) {
	contentType := request.Header.Get("Content-Type")
	if contentType != formType && contentType != jsonType {
		contentType, _, _ = mime.ParseMediaType(contentType)
		request.Header.Set("Content-Type", contentType)
	}
	switch contentType {
	case formType:
		value, err = form.Decode(raw, schema, form.DefaultLimits)
	case jsonType:
		value, err = decodeJSON(raw)
	default:
		return nil, apierror.Invalid("", "Invalid request (check that your POST content type is "+formType+", or "+
			jsonType+").")
	}
	if err != nil {
		return nil, syntaxFault(err)
	}
	return value, nil
}

// decodeJSON reads exactly one JSON object, within the bounds that a form has.
func decodeJSON(raw string) (map[string]any, error) {
	if err := boundJSON(raw, form.DefaultLimits); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(strings.NewReader(raw))
	decoder.UseNumber()
	var value map[string]any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF || value == nil {
		return nil, errors.New("not one JSON object")
	}
	return value, nil
}

// boundJSON refuses a text of more values or levels than a form may have, before any of them takes memory. A level of
// JSON is an object or a list; a value ends with a comma or its container.
func boundJSON(raw string, limits form.Limits) error {
	values, depth, inText := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == ',' || c == '{' || c == '[':
			values++
			if c != ',' {
				depth++
			}
		case c == '}' || c == ']':
			depth--
		}
		if values > limits.Pairs {
			return &form.Error{Message: fmt.Sprintf("The request has more than %d values. Send fewer in one request.", limits.Pairs)}
		}
		if depth > limits.Depth+1 {
			return &form.Error{Message: fmt.Sprintf("The request is nested more than %d levels deep.", limits.Depth)}
		}
	}
	return nil
}

// syntaxFault is the answer to a form or a JSON text that cannot be read. It never repeats a value.
func syntaxFault(err error) error {
	if fault, ok := errors.AsType[*form.Error](err); ok {
		return apierror.Invalid(fault.Param, fault.Message)
	}
	return apierror.Invalid("", "The request body is not valid JSON. Send one object in UTF-8, or a form as "+formType+".")
}

// Value is the validated body of a request, nil when it has none.
func Value(ctx echo.Context) map[string]any {
	value, _ := ctx.Get(bodyKey).(map[string]any)
	return value
}

// Binder gives the generated code what was validated. It is the only binder: nothing else reads a body.
type Binder struct{}

// Bind fills dst from the validated body.
func (Binder) Bind(dst any, ctx echo.Context) error {
	return runtime.BindJSONValue(Value(ctx), dst)
}
