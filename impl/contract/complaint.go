package contract

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"fincon/impl/apierror"
)

// complain says what is wrong with a value that does not fit its schema, in the API's order: expand paths, then unknown
// parameters, then the first other fault in the document's order, which is alphabetical (server-api 1.4).
func (op *operation) complain(schema *openapi3.Schema, value any) error {
	if err := op.checkExpand(value); err != nil {
		return err
	}
	if unknown := unknownParameters(schema, value, nil); len(unknown) > 0 {
		return unknownFault(unknown)
	}
	err := schema.VisitJSON(value, openapi3.VisitAsRequest(), openapi3.MultiErrors())
	faults := flatten(err, nil)
	if len(faults) == 0 {
		return fmt.Errorf("a request that failed validation passed when it was looked at again: %w", err)
	}
	first := slices.MinFunc(faults, func(a, b *openapi3.SchemaError) int {
		return comparePaths(a.JSONPointer(), b.JSONPointer())
	})
	return say(first, first.JSONPointer())
}

// unknownParameters lists the paths that the schema does not know, in alphabetical order.
func unknownParameters(schema *openapi3.Schema, value any, path []string) []string {
	if schema == nil {
		return nil
	}
	var unknown []string
	switch value := value.(type) {
	case map[string]any:
		if !takesObject(schema) {
			return nil // not an object at all: that is another complaint
		}
		for name, member := range value {
			at := append(slices.Clone(path), name)
			if known := property(schema, name); known != nil {
				unknown = append(unknown, unknownParameters(known, member, at)...)
			} else {
				unknown = append(unknown, bracketed(at))
			}
		}
	case []any:
		if schema.Items != nil {
			for i, item := range value {
				unknown = append(unknown, unknownParameters(schema.Items.Value, item, append(slices.Clone(path), strconv.Itoa(i)))...)
			}
		}
	}
	slices.Sort(unknown)
	return unknown
}

func takesObject(schema *openapi3.Schema) bool {
	if schema.Type.Is(openapi3.TypeObject) {
		return true
	}
	return slices.ContainsFunc(slices.Concat(schema.AllOf, schema.AnyOf, schema.OneOf), func(ref *openapi3.SchemaRef) bool {
		return takesObject(ref.Value)
	})
}

func unknownFault(unknown []string) error {
	const most, longest = 10, 200
	unknown = unknown[:min(len(unknown), most)]
	for i, name := range unknown {
		unknown[i] = strings.ToValidUTF8(name[:min(len(name), longest)], "")
	}
	noun := "parameter"
	if len(unknown) > 1 {
		noun = "parameters"
	}
	return apierror.Invalid(unknown[0], fmt.Sprintf("Received unknown %s: %s", noun, strings.Join(unknown, ", "))).
		WithCode("parameter_unknown")
}

// flatten gathers the schema errors that the library nests in lists.
func flatten(err error, into []*openapi3.SchemaError) []*openapi3.SchemaError {
	if several, ok := errors.AsType[openapi3.MultiError](err); ok {
		for _, one := range several {
			into = flatten(one, into)
		}
		return into
	}
	if one, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		return append(into, one)
	}
	return into
}

// comparePaths orders paths as the document does: names by alphabet, positions by number.
func comparePaths(a, b []string) int {
	return slices.CompareFunc(a, b, func(x, y string) int {
		i, errX := strconv.Atoi(x)
		j, errY := strconv.Atoi(y)
		if errX == nil && errY == nil {
			return cmp.Compare(i, j)
		}
		return cmp.Compare(x, y)
	})
}

// say puts one fault into the API's words (server-api 1.4).
func say(fault *openapi3.SchemaError, path []string) error {
	param, schema, value := bracketed(path), fault.Schema, fault.Value
	if fault.SchemaField == "required" {
		return apierror.Missing(param)
	}
	if value == nil || value == "" {
		return apierror.Empty(param)
	}
	switch fault.SchemaField {
	case "anyOf", "oneOf":
		return sayAlternative(slices.Concat(schema.AnyOf, schema.OneOf), value, path)
	case "type":
		return typeComplaint(param, schema, value)
	case "enum":
		return apierror.Invalid(param, fmt.Sprintf("Invalid %s: %s", param, expectation(schema)))
	case "minimum":
		return apierror.Invalid(param, fmt.Sprintf("This value must be greater than or equal to %v.", *schema.Min)).
			WithCode("parameter_invalid_integer")
	case "maximum":
		return apierror.Invalid(param, fmt.Sprintf("This value must be less than or equal to %v.", *schema.Max)).
			WithCode("parameter_invalid_integer")
	case "maxLength":
		return apierror.Invalid(param, fmt.Sprintf("Invalid string: %s; must be at most %d characters", excerpt(value), *schema.MaxLength))
	case "maxItems":
		return apierror.Invalid(param, fmt.Sprintf("Array %s exceeded maximum %d allowed elements.", param, *schema.MaxItems))
	case "minItems":
		return apierror.Invalid(param, fmt.Sprintf("Array %s must have at least %d elements.", param, schema.MinItems)).
			WithCode("parameter_invalid_empty")
	}
	return apierror.Invalid(param, fmt.Sprintf("Invalid %s: %s", param, expectation(schema)))
}

// sayAlternative complains in the words of the alternative that the value comes closest to.
func sayAlternative(alternatives openapi3.SchemaRefs, value any, path []string) error {
	for _, ref := range alternatives {
		schema := ref.Value
		if !fitsType(schema, value) {
			continue
		}
		faults := flatten(schema.VisitJSON(value, openapi3.VisitAsRequest(), openapi3.MultiErrors()), nil)
		if len(faults) == 0 || len(schema.Enum) > 0 && schema.Type.Is(openapi3.TypeString) {
			continue // an enumeration of "" says only that the parameter can be emptied
		}
		first := slices.MinFunc(faults, func(a, b *openapi3.SchemaError) int {
			return comparePaths(a.JSONPointer(), b.JSONPointer())
		})
		return say(first, append(slices.Clone(path), first.JSONPointer()...))
	}
	first := alternatives[0].Value
	return typeComplaint(bracketed(path), first, value)
}

func fitsType(schema *openapi3.Schema, value any) bool {
	switch value.(type) {
	case map[string]any:
		return takesObject(schema)
	case []any:
		return schema.Type.Is(openapi3.TypeArray)
	case string:
		return schema.Type.Is(openapi3.TypeString)
	case bool:
		return schema.Type.Is(openapi3.TypeBoolean)
	default:
		return schema.Type.Is(openapi3.TypeInteger) || schema.Type.Is(openapi3.TypeNumber)
	}
}

func typeComplaint(param string, schema *openapi3.Schema, value any) error {
	complaint := apierror.Invalid(param, typeFault(schema, value))
	if schema.Type.Is(openapi3.TypeInteger) {
		return complaint.WithCode("parameter_invalid_integer")
	}
	return complaint
}

func typeFault(schema *openapi3.Schema, value any) string {
	kind := "object"
	for _, known := range []string{openapi3.TypeArray, openapi3.TypeBoolean, openapi3.TypeInteger, openapi3.TypeString} {
		if schema.Type.Is(known) {
			kind = known
		}
	}
	if schema.Type.Is(openapi3.TypeNumber) {
		kind = "decimal"
	}
	if scalar := scalarText(value); scalar != "" && kind != "object" && kind != "array" && kind != "string" {
		return fmt.Sprintf("Invalid %s: %s", kind, scalar)
	}
	return "Invalid " + kind
}

// scalarText is the text of a value that a number or a boolean was expected for, cut to what a reader needs.
func scalarText(value any) string {
	const longest = 40
	var text string
	switch value := value.(type) {
	case string:
		text = value
	case json.Number:
		text = value.String()
	case bool:
		text = strconv.FormatBool(value)
	}
	if len(text) > longest {
		return strings.ToValidUTF8(text[:longest], "") + "..."
	}
	return text
}

// excerpt shows the ends of a long text.
func excerpt(value any) string {
	text, _ := value.(string)
	runes := []rune(text)
	if len(runes) <= 8 {
		return text
	}
	return string(runes[:4]) + "..." + string(runes[len(runes)-4:])
}

// expectation says what a value must be: the document's own words (x-expected) or its enumeration.
func expectation(schema *openapi3.Schema) string {
	if words, ok := schema.Extensions["x-expected"].(string); ok {
		return "must be " + words
	}
	if len(schema.Enum) > 0 {
		return "must be " + oneOf(schema.Enum)
	}
	if schema.MaxLength != nil {
		return fmt.Sprintf("must be at most %d characters", *schema.MaxLength)
	}
	return "must match " + schema.Pattern
}

// oneOf lists alternatives: "one of a or b", "one of a, b, or c".
func oneOf(values []any) string {
	names := make([]string, 0, len(values))
	for _, value := range values {
		if value != "" {
			names = append(names, fmt.Sprint(value))
		}
	}
	switch len(names) {
	case 1:
		return names[0]
	case 2:
		return "one of " + names[0] + " or " + names[1]
	}
	return "one of " + strings.Join(names[:len(names)-1], ", ") + ", or " + names[len(names)-1]
}
