package contract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"fincon/impl/apierror"
)

// maxExpandDepth is how many levels an expand path may have (server-api 1.7).
const maxExpandDepth = 4

// checkExpand checks the expand paths of a decoded query or body against what the document marks as expandable in the
// object that the operation answers with.
func (op *operation) checkExpand(value any) error {
	parameters, _ := value.(map[string]any)
	paths, _ := parameters["expand"].([]any)
	for _, item := range paths {
		path, ok := item.(string)
		if !ok {
			continue // not a text: the validation says so
		}
		if path == "" {
			return apierror.Empty("expand")
		}
		if err := op.checkExpandPath(path); err != nil {
			return err
		}
	}
	return nil
}

func (op *operation) checkExpandPath(path string) error {
	segments := strings.Split(path, ".")
	if len(segments) > maxExpandDepth {
		e := apierror.Invalid("", fmt.Sprintf("You cannot expand more than %d levels of a property. Property: %s",
			maxExpandDepth, shorten(path)))
		e.Code = "property_expansion_max_depth" // the one code without a page that explains it
		return e
	}
	schema := op.answer
	for i, segment := range segments {
		if schema == nil {
			return cannotExpand(segment, false)
		}
		if !expandable(schema, segment) {
			return refuseExpand(schema, segments, i)
		}
		schema = property(schema, segment)
		if schema != nil && schema.Type.Is(openapi3.TypeArray) {
			schema = schema.Items.Value
		}
	}
	return nil
}

// expandable tells whether the document marks the property as one that an expand path may name or go through.
func expandable(schema *openapi3.Schema, name string) bool {
	marked, _ := schema.Extensions["x-expandableFields"].([]any)
	if slices.Contains(marked, any(name)) {
		return true
	}
	return slices.ContainsFunc(slices.Concat(schema.AllOf, schema.AnyOf, schema.OneOf), func(ref *openapi3.SchemaRef) bool {
		return expandable(ref.Value, name)
	})
}

func refuseExpand(schema *openapi3.Schema, segments []string, i int) error {
	name := segments[i]
	if isList(schema) {
		if name == "total_count" {
			return apierror.Invalid("", "This property cannot be included (total_count)")
		}
		items := property(schema, "data")
		if items != nil && expandable(items.Items.Value, name) {
			better := strings.Join(slices.Insert(slices.Clone(segments), i, "data"), ".")
			return apierror.Invalid("", fmt.Sprintf("This property cannot be expanded (%s). You may want to try expanding "+
				"'%s' instead.", name, better))
		}
	}
	return cannotExpand(name, property(schema, name) != nil)
}

func isList(schema *openapi3.Schema) bool {
	object := property(schema, "object")
	return object != nil && len(object.Enum) == 1 && object.Enum[0] == "list"
}

func cannotExpand(name string, exists bool) error {
	if exists {
		return apierror.Invalid("", fmt.Sprintf("This property cannot be expanded (%s).", shorten(name)))
	}
	return apierror.Invalid("", fmt.Sprintf("This property cannot be expanded because it doesn't exist: %s.", shorten(name)))
}

func shorten(text string) string {
	const longest = 100
	if len(text) > longest {
		return strings.ToValidUTF8(text[:longest], "") + "..."
	}
	return text
}
