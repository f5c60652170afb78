package form

import (
	"encoding/json"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
)

// kinds is the set of types that a schema permits, over all its alternatives, as far as they direct decoding.
type kinds uint8

const (
	kindObject kinds = 1 << iota
	kindArray
	kindInteger
	kindNumber
	kindBoolean
)

func kindOf(typeName string) kinds {
	switch typeName {
	case openapi3.TypeObject:
		return kindObject
	case openapi3.TypeArray:
		return kindArray
	case openapi3.TypeInteger:
		return kindInteger
	case openapi3.TypeNumber:
		return kindNumber
	case openapi3.TypeBoolean:
		return kindBoolean
	}
	return 0 // a string directs nothing
}

// maxAlternatives is how deep allOf, anyOf and oneOf are followed into one another. Real documents need two or three;
// the bound is for one that refers to itself.
const maxAlternatives = 6

// eachAlternative calls visit with the schema and with every schema that its allOf, anyOf and oneOf combine. Which of
// them applies is not known before the value is, so whatever one of them says about the structure counts.
func eachAlternative(schema *openapi3.Schema, visit func(*openapi3.Schema)) {
	visitAlternatives(schema, maxAlternatives, visit)
}

func visitAlternatives(schema *openapi3.Schema, depth int, visit func(*openapi3.Schema)) {
	if schema == nil || depth == 0 {
		return
	}
	visit(schema)
	for _, ref := range schema.AllOf {
		visitAlternatives(ref.Value, depth-1, visit)
	}
	for _, ref := range schema.AnyOf {
		visitAlternatives(ref.Value, depth-1, visit)
	}
	for _, ref := range schema.OneOf {
		visitAlternatives(ref.Value, depth-1, visit)
	}
}

func kindsOf(schema *openapi3.Schema) kinds {
	var all kinds
	eachAlternative(schema, func(s *openapi3.Schema) {
		for _, name := range s.Type.Slice() {
			all |= kindOf(name)
		}
		if s.Type == nil && len(s.Properties) > 0 {
			all |= kindObject
		}
		if s.Type == nil && s.Items != nil {
			all |= kindArray
		}
	})
	return all
}

// property returns the schema of an object's member: the property of that name, else what additionalProperties say;
// nil when the schema knows nothing of it.
func property(schema *openapi3.Schema, name string) *openapi3.Schema {
	var named, additional *openapi3.Schema
	eachAlternative(schema, func(s *openapi3.Schema) {
		if ref := s.Properties[name]; ref != nil {
			named = either(named, ref.Value)
		}
		if ref := s.AdditionalProperties.Schema; ref != nil {
			additional = either(additional, ref.Value)
		}
	})
	if named != nil {
		return named
	}
	return additional
}

// items returns the schema of an array's elements, nil when the schema says nothing about them.
func items(schema *openapi3.Schema) *openapi3.Schema {
	var found *openapi3.Schema
	eachAlternative(schema, func(s *openapi3.Schema) {
		if s.Items != nil {
			found = either(found, s.Items.Value)
		}
	})
	return found
}

// either returns a schema that directs as a and b together do.
func either(a, b *openapi3.Schema) *openapi3.Schema {
	if a == nil || b == nil || a == b {
		if a == nil {
			return b
		}
		return a
	}
	// Alternatives mostly declare the same scalar, as a discriminator; then one of them says it all.
	if k := kindsOf(a); k == kindsOf(b) && k&(kindObject|kindArray) == 0 {
		return a
	}
	return &openapi3.Schema{AnyOf: openapi3.SchemaRefs{{Value: a}, {Value: b}}}
}

// scalar returns the value that text is under the schema. What it cannot be stays a string.
func scalar(text string, schema *openapi3.Schema) any {
	k := kindsOf(schema)
	if k&(kindInteger|kindNumber) != 0 {
		if n, ok := integer(text); ok {
			return n
		}
	}
	if k&kindNumber != 0 && isDecimal(text) {
		return json.Number(text)
	}
	if k&kindBoolean != 0 && (text == "true" || text == "false") {
		return text == "true"
	}
	return text
}

// integer reads -?[0-9]+ with at most 19 digits, which is what an int64 can hold. int64 because validation takes it for
// an integer and binding keeps it exact; a float64 loses cents above 2^53.
func integer(text string) (int64, bool) {
	if len(text) == 0 || len(text) > len("-9223372036854775808") || text[0] == '+' {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// maxDecimal is the longest decimal that is read as one, in bytes; a float64 has 17 significant digits.
const maxDecimal = 40

// isDecimal says whether text is a JSON number that a float64 can hold.
func isDecimal(text string) bool {
	if text == "" || len(text) > maxDecimal || !isNumber(text[len(text)-1:]) || !isNumber(text[:1]) && text[0] != '-' {
		return false
	}
	_, err := strconv.ParseFloat(text, 64)
	return err == nil && json.Valid([]byte(text))
}
