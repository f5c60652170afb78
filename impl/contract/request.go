package contract

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/labstack/echo/v4"
	"github.com/oapi-codegen/runtime"

	"fincon/impl/apierror"
	"fincon/impl/form"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"

	// queryKey is where the generated wrappers look for the validated query (openapi/templates/echo-wrappers.tmpl).
	queryKey = "query"
)

// Middleware validates requests. What has no operation in the document is passed on.
func (c *Contract) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		request := ctx.Request()
		op := c.operations[request.Method][ctx.Path()]
		if op == nil {
			return next(ctx)
		}
		query, err := op.validateQuery(request)
		if err != nil {
			return err
		}
		if err := c.validateBody(ctx, op); err != nil {
			return err
		}
		if err := op.checkExpand(query); err != nil {
			return err
		}
		if validated, ok := request.Body.(validatedValue); ok {
			if err := op.checkExpand(validated.ValidatedValue()); err != nil {
				return err
			}
		}
		ctx.Set(queryKey, query)
		return next(ctx)
	}
}

func (op *operation) validateQuery(request *http.Request) (map[string]any, error) {
	raw := request.URL.RawQuery
	if raw == "" && len(op.query.Required) == 0 {
		return map[string]any{}, nil
	}
	query, err := form.Decode(raw, op.query, form.DefaultLimits)
	if err != nil {
		return nil, syntaxFault(err)
	}
	if op.query.VisitJSON(query, openapi3.VisitAsRequest()) != nil {
		return nil, op.complain(op.query, query)
	}
	return query, nil
}

func (c *Contract) validateBody(ctx echo.Context, op *operation) error {
	request := ctx.Request()
	if err := normaliseContentType(request, op); err != nil {
		return err
	}
	names, values := ctx.ParamNames(), ctx.ParamValues()
	parameters := make(map[string]string, len(names))
	for i, name := range names {
		parameters[name] = values[i]
	}
	err := openapi3filter.ValidateRequest(request.Context(), &openapi3filter.RequestValidationInput{
		Request: request, PathParams: parameters, Route: op.route, Options: c.options,
	})
	if err != nil {
		return op.requestFault(request, err)
	}
	return nil
}

// normaliseContentType leaves exactly one of the two types in the header, since the generated code compares it as text.
func normaliseContentType(request *http.Request, op *operation) error {
	given := request.Header.Get("Content-Type")
	if op.body == nil || request.ContentLength == 0 || given == formType || given == jsonType {
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(given)
	if err != nil || mediaType != formType && mediaType != jsonType {
		return apierror.Invalid("", "Invalid request (check that your POST content type is "+formType+", or "+jsonType+").")
	}
	request.Header.Set("Content-Type", mediaType)
	return nil
}

// requestFault finds what is to be said of a request that did not pass.
func (op *operation) requestFault(request *http.Request, err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return apierror.TooLarge(tooLarge.Limit)
	}
	if fault, ok := errors.AsType[*openapi3filter.RequestError](err); ok && fault.Parameter != nil {
		return apierror.Invalid(fault.Parameter.Name, "Invalid "+fault.Parameter.Name+": "+expectation(fault.Parameter.Schema.Value))
	}
	body, decodeErr := decodeAgain(request, op.body)
	if decodeErr != nil {
		return decodeErr
	}
	return op.complain(op.body, body)
}

// decodeAgain decodes the body once more, to say what is wrong with it; only requests that failed come here. A body that
// is required and empty is an object without anything, so that its first missing parameter is named.
func decodeAgain(request *http.Request, schema *openapi3.Schema) (any, error) {
	if request.GetBody == nil {
		return map[string]any{}, nil
	}
	body, err := request.GetBody()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return map[string]any{}, nil
	}
	var value any
	if request.Header.Get("Content-Type") == jsonType {
		value, err = decodeJSON(strings.NewReader(string(data)))
	} else {
		value, err = form.Decode(string(data), schema, form.DefaultLimits)
	}
	if err != nil {
		return nil, syntaxFault(err)
	}
	return value, nil
}

// syntaxFault is the answer to a form or a JSON text that cannot be read. It never repeats a value.
func syntaxFault(err error) error {
	if fault, ok := errors.AsType[*form.Error](err); ok {
		return apierror.Invalid(fault.Param, fault.Message)
	}
	return apierror.Invalid("", "The request body is not valid JSON. Send one object in UTF-8, or a form as "+formType+".")
}

// registerBodyDecoders puts our decoders in place of the library's, for the whole process: its form decoder refuses the
// indexed arrays that every SDK sends, and drops what it does not know.
var registerBodyDecoders = sync.OnceFunc(func() {
	openapi3filter.RegisterBodyDecoder(formType, func(body io.Reader, _ http.Header, schema *openapi3.SchemaRef,
		_ openapi3filter.EncodingFn) (any, error) {
		var raw strings.Builder
		if sized, ok := body.(interface{ Len() int }); ok {
			raw.Grow(sized.Len())
		}
		if _, err := io.Copy(&raw, body); err != nil {
			return nil, err
		}
		return form.Decode(raw.String(), schema.Value, form.DefaultLimits)
	})
	openapi3filter.RegisterBodyDecoder(jsonType, func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef,
		_ openapi3filter.EncodingFn) (any, error) {
		return decodeJSON(body)
	})
})

var errTrailing = errors.New("text after the JSON value")

// decodeJSON reads exactly one JSON value.
func decodeJSON(body io.Reader) (any, error) {
	decoder := json.NewDecoder(body)
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errTrailing
	}
	return value, nil
}

// validatedValue is what the validation leaves as a request's body.
type validatedValue interface{ ValidatedValue() any }

// Value is the validated body of a request, nil when it has none.
func Value(request *http.Request) any {
	if validated, ok := request.Body.(validatedValue); ok {
		return validated.ValidatedValue()
	}
	return nil
}

// Binder gives the generated code what was validated. It is the only binder: nothing else reads a body.
type Binder struct{}

// Bind fills dst from the validated body.
func (Binder) Bind(dst any, ctx echo.Context) error {
	return runtime.BindJSONValue(Value(ctx.Request()), dst)
}
