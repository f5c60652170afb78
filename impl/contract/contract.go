// Package contract holds every request against the OpenAPI document before any code of the server sees it, and says in
// the API's own words what is wrong with it. A request is decoded once and validated once; what was validated is what
// the generated code binds.
package contract

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Contract is the document, made ready for validating.
type Contract struct {
	document *openapi3.T
	// operations by method and by path as echo writes it (/sessions/:session).
	operations map[string]map[string]*operation
	forClients map[string]bool // paths of operations that take publishable keys
}

// operation is one operation of the document with what its requests are held against.
type operation struct {
	id   string
	path openapi3.Schemas
	// query is one closed object of all query parameters, so that they are decoded and validated as a body is.
	query *openapi3.Schema
	// body is what the body must be, whatever its type; nil when the operation takes none.
	body         *openapi3.Schema
	bodyRequired bool
	// client is whether the operation takes publishable keys: it is called on behalf of the person who links accounts.
	client bool
	// answer is the object that the operation answers with; expand paths start from it.
	answer *openapi3.Schema
}

// Load makes a contract of the document, given as JSON or YAML.
func Load(document []byte) (*Contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("load the OpenAPI document: %w", err)
	}
	c := &Contract{document: doc, operations: map[string]map[string]*operation{}, forClients: map[string]bool{}}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if c.operations[method] == nil {
				c.operations[method] = map[string]*operation{}
			}
			path, operation := pathParameter.ReplaceAllString(path, ":$1"), newOperation(op)
			c.operations[method][path] = operation
			if operation.client {
				c.forClients[path] = true
			}
		}
	}
	return c, nil
}

var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

func newOperation(op *openapi3.Operation) *operation {
	o := &operation{id: op.OperationID, path: openapi3.Schemas{}}
	inQuery, required := openapi3.Schemas{}, []string(nil)
	for _, ref := range op.Parameters {
		switch parameter := ref.Value; parameter.In {
		case openapi3.ParameterInPath:
			o.path[parameter.Name] = parameter.Schema
		case openapi3.ParameterInQuery:
			inQuery[parameter.Name] = parameter.Schema
			if parameter.Required {
				required = append(required, parameter.Name)
			}
		}
		// Headers have steps of their own on a request's way: they are checked before it is looked at.
	}
	o.query = objectOf(inQuery)
	o.query.Required = required
	o.client = op.Security != nil && slices.ContainsFunc(*op.Security, func(requirement openapi3.SecurityRequirement) bool {
		_, publishable := requirement[publishableKey]
		return publishable
	})
	if op.RequestBody != nil {
		o.bodyRequired = op.RequestBody.Value.Required
		for _, media := range op.RequestBody.Value.Content {
			o.body = media.Schema.Value // both types have the same schema
		}
	}
	if ok := op.Responses.Status(http.StatusOK); ok != nil {
		if media := ok.Value.Content.Get(jsonType); media != nil {
			o.answer = media.Schema.Value
		}
	}
	return o
}

// objectOf is a closed object of the properties.
func objectOf(properties openapi3.Schemas) *openapi3.Schema {
	closed := false
	object := openapi3.NewObjectSchema()
	object.Properties = properties
	object.AdditionalProperties = openapi3.BoolSchema{Has: &closed}
	return object
}

// Operation is the document's name for the operation at a method and a path as echo writes it, "" when there is none.
func (c *Contract) Operation(method, path string) string {
	if op := c.operations[method][path]; op != nil {
		return op.id
	}
	return ""
}

// ForClients tells whether an operation at the path takes publishable keys.
func (c *Contract) ForClients(path string) bool { return c.forClients[path] }

// ClientPaths are the paths, as echo writes them, of operations that take publishable keys.
func (c *Contract) ClientPaths() []string { return slices.Sorted(maps.Keys(c.forClients)) }

// publishableKey is the document's name for what authorises clients.
const publishableKey = "publishableKey"

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
