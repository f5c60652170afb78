package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

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

// validatePath: an id that no object can have is refused before it is looked up. The router gives the last parameter all
// that is left of the path; more than one segment is a path that does not exist.
func (op *operation) validatePath(ctx echo.Context) error {
	request := ctx.Request()
	for i, name := range ctx.ParamNames() {
		value := ctx.ParamValues()[i]
		if value == "" || request.URL.RawPath == "" && strings.Contains(value, "/") {
			return apierror.NoRoute(request.Method, request.URL.Path)
		}
		if ref := op.path[name]; ref != nil && ref.Value.VisitJSON(value) != nil {
			return op.complain(objectOf(op.path), map[string]any{name: value})
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
	var raw bytes.Buffer
	// With room for all of it and a read that finds nothing more, one buffer of the right size is enough.
	raw.Grow(int(min(max(request.ContentLength, 0), 4<<10)) + bytes.MinRead)
	_, err := raw.ReadFrom(request.Body)
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

// decodeJSON reads exactly one JSON object, within the bounds that a form has, into the values that a form would give.
func decodeJSON(raw string) (map[string]any, error) {
	if !utf8.ValidString(raw) {
		return nil, errNotText
	}
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
	replaced := !strings.ContainsRune(raw, utf8.RuneError) && !strings.Contains(strings.ToLower(raw), `\ufffd`)
	if _, err := normalise(value, replaced); err != nil {
		return nil, err
	}
	return value, nil
}

var errNotText = &form.Error{Message: "The request body is not valid UTF-8 text, or holds a NUL character."}

// normalise turns whole numbers, however they are written (2, 2.0, 2e0), into integers, and refuses texts that cannot be
// kept: those with a NUL and, where replaced, those in which the decoder has put U+FFFD in the place of half a character.
func normalise(value any, replaced bool) (any, error) {
	var err error
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if _, err = normalise(name, replaced); err != nil {
				return nil, err
			}
			if value[name], err = normalise(member, replaced); err != nil {
				return nil, err
			}
		}
	case []any:
		for i, item := range value {
			if value[i], err = normalise(item, replaced); err != nil {
				return nil, err
			}
		}
	case string:
		if strings.ContainsRune(value, 0) || replaced && strings.ContainsRune(value, utf8.RuneError) {
			return nil, errNotText
		}
	case json.Number:
		return wholeNumber(value), nil
	}
	return value, nil
}

// wholeNumber is the number as an integer if it is one that 64 bits hold. One that is too large stays a text, which no
// schema takes for a number.
func wholeNumber(number json.Number) any {
	if whole, err := number.Int64(); err == nil {
		return whole
	}
	float, err := number.Float64()
	if err != nil || float != math.Trunc(float) {
		return number
	}
	if exact := float64(1 << 53); math.Abs(float) > exact {
		return number.String()
	}
	return int64(float)
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
