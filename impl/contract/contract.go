// Package contract holds every request against the OpenAPI document before any code of the server sees it, and says in
// the API's own words what is wrong with it. A request is decoded once and validated once; what was validated is what
// the generated code binds.
package contract

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Contract is the document, made ready for validating.
type Contract struct {
	document *openapi3.T
	// operations by method and by path as echo writes it (/sessions/:session).
	operations map[string]map[string]*operation
	options    *openapi3filter.Options
}

// operation is one operation of the document with what its requests are held against.
type operation struct {
	id    string
	route *routers.Route
	// query is one closed object of all query parameters, so that they are decoded and validated as a body is.
	query *openapi3.Schema
	// body is what the body must be, whatever its type; nil when the operation takes none.
	body *openapi3.Schema
	// answer is the object that the operation answers with; expand paths start from it.
	answer *openapi3.Schema
}

// Load makes a contract of the document, given as JSON or YAML.
func Load(document []byte) (*Contract, error) {
	// The default text of a schema error repeats the value, and a value can be an account number.
	openapi3.DisableSchemaErrorDetails()
	registerBodyDecoders()

	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("load the OpenAPI document: %w", err)
	}
	c := &Contract{
		document:   doc,
		operations: map[string]map[string]*operation{},
		options: &openapi3filter.Options{
			ExcludeRequestQueryParams: true, // our own decoder reads queries
			KeepValidatedValue:        true,
			SkipSettingDefaults:       true,
			MultiError:                true, // so that the first complaint in the document's order can be found
			// Who is calling was decided before.
			AuthenticationFunc: func(context.Context, *openapi3filter.AuthenticationInput) error { return nil },
		},
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			c.add(method, path, item, op)
		}
	}
	return c, nil
}

var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

func (c *Contract) add(method, path string, item *openapi3.PathItem, op *openapi3.Operation) {
	added := &operation{
		id:    op.OperationID,
		route: &routers.Route{Spec: c.document, Path: path, PathItem: item, Method: method, Operation: op},
		query: querySchema(op),
	}
	if op.RequestBody != nil {
		for _, media := range op.RequestBody.Value.Content {
			added.body = media.Schema.Value // both types have the same schema
		}
	}
	if ok := op.Responses.Status(http.StatusOK); ok != nil {
		if media := ok.Value.Content.Get("application/json"); media != nil {
			added.answer = media.Schema.Value
		}
	}
	if c.operations[method] == nil {
		c.operations[method] = map[string]*operation{}
	}
	c.operations[method][pathParameter.ReplaceAllString(path, ":$1")] = added
}

// querySchema is one closed object with a property for each query parameter of the operation.
func querySchema(op *openapi3.Operation) *openapi3.Schema {
	closed := false
	schema := openapi3.NewObjectSchema()
	schema.AdditionalProperties = openapi3.BoolSchema{Has: &closed}
	for _, ref := range op.Parameters {
		if parameter := ref.Value; parameter.In == openapi3.ParameterInQuery {
			schema.WithPropertyRef(parameter.Name, parameter.Schema)
			if parameter.Required {
				schema.Required = append(schema.Required, parameter.Name)
			}
		}
	}
	return schema
}

// Operation is the document's name for the operation at a method and a path as echo writes it, "" when there is none.
func (c *Contract) Operation(method, path string) string {
	if op := c.operations[method][path]; op != nil {
		return op.id
	}
	return ""
}

// Document is the document itself.
func (c *Contract) Document() *openapi3.T { return c.document }

// Version is the document's version of the API.
func (c *Contract) Version() string { return c.document.Info.Version }

// property gives the schema of an object's property, looking into the alternatives that the schema may be made of.
func property(schema *openapi3.Schema, name string) *openapi3.Schema {
	if ref := schema.Properties[name]; ref != nil {
		return ref.Value
	}
	for _, refs := range []openapi3.SchemaRefs{schema.AllOf, schema.AnyOf, schema.OneOf} {
		for _, ref := range refs {
			if found := property(ref.Value, name); found != nil {
				return found
			}
		}
	}
	if additional := schema.AdditionalProperties.Schema; additional != nil {
		return additional.Value
	}
	return nil
}

// bracketed writes a path as a parameter's name: filters, countries, 0 -> filters[countries][0].
func bracketed(path []string) string {
	if len(path) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(path[0])
	for _, part := range path[1:] {
		b.WriteString("[" + part + "]")
	}
	return b.String()
}
