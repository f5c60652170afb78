package contract

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/apierror"
	"fincon/impl/form"
)

// document has one parameter of every kind.
const document = `{
"openapi": "3.0.3", "info": {"title": "t", "version": "1"},
"paths": {"/things": {"post": {"operationId": "CreateThing",
  "requestBody": {"required": true, "content": {"application/x-www-form-urlencoded": {"schema": {
    "type": "object", "additionalProperties": false, "required": ["name"],
    "properties": {
      "any": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "enum": [""]}]},
      "country": {"type": "string", "pattern": "^[A-Z]{2}$", "x-expected": "a country"},
      "deep": {"type": "object", "additionalProperties": false, "properties": {"inner": {"type": "object",
        "additionalProperties": false, "required": ["must"], "properties": {"must": {"type": "string"}}}}},
      "expand": {"type": "array", "items": {"type": "string"}},
      "flag": {"type": "boolean"},
      "kinds": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "string", "enum": ["a", "b", "c"]}},
      "limit": {"type": "integer", "minimum": 1, "maximum": 100},
      "name": {"type": "string", "minLength": 1, "maxLength": 10},
      "range": {"anyOf": [{"type": "integer"}, {"type": "object", "additionalProperties": false,
        "properties": {"gt": {"type": "integer"}}}]},
      "rate": {"type": "number"}}}}}},
  "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "object",
    "x-expandableFields": ["list", "owner"],
    "properties": {"plain": {"type": "string"}, "owner": {"type": "string"}, "list": {"type": "object",
      "x-expandableFields": ["data"], "properties": {"object": {"type": "string", "enum": ["list"]},
      "data": {"type": "array", "items": {"type": "object", "x-expandableFields": ["owner"],
        "properties": {"owner": {"type": "string"}}}}}}}}}}}}}}}}`

func check(t *testing.T, raw string) error {
	t.Helper()
	c, err := Load([]byte(document))
	require.NoError(t, err)
	op := c.operations["POST"]["/things"]
	require.NotNil(t, op)
	value, err := form.Decode(raw, op.body, form.DefaultLimits)
	if err != nil {
		return syntaxFault(err)
	}
	return op.validate(op.body, value)
}

func TestComplaints(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ raw, param, code, message string }{
		"unknown":                      {"name=x&emial=1", "emial", "parameter_unknown", "Received unknown parameter: emial"},
		"several unknown":              {"b=1&a=1", "a", "parameter_unknown", "Received unknown parameters: a, b"},
		"unknown within":               {"name=x&deep[inner][oops]=1", "deep[inner][oops]", "parameter_unknown", "Received unknown parameter: deep[inner][oops]"},
		"missing":                      {"flag=true", "name", "parameter_missing", "Missing required param: name."},
		"missing within":               {"name=x&deep[inner]=", "deep[inner]", "parameter_invalid_empty", ""},
		"the first of two":             {"limit=0&flag=x", "flag", "", "Invalid boolean: x"},
		"integer":                      {"name=x&limit=abc", "limit", "parameter_invalid_integer", "Invalid integer: abc"},
		"integer too small":            {"name=x&limit=0", "limit", "parameter_invalid_integer", "This value must be greater than or equal to 1."},
		"integer too large":            {"name=x&limit=101", "limit", "parameter_invalid_integer", "This value must be less than or equal to 100."},
		"decimal":                      {"name=x&rate=abc", "rate", "", "Invalid decimal: abc"},
		"object":                       {"name=x&deep=1", "deep", "", "Invalid object"},
		"array":                        {"name=x&kinds=a", "kinds", "", "Invalid array"},
		"string":                       {"name[a]=x", "name", "", "Invalid string"},
		"enum in an array":             {"name=x&kinds[]=a&kinds[]=z", "kinds[1]", "", "Invalid kinds[1]: must be one of a, b, or c"},
		"too many":                     {"name=x&kinds[]=a&kinds[]=b&kinds[]=c", "kinds", "", "Array kinds exceeded maximum 2 allowed elements."},
		"too long":                     {"name=abcdefghijklmnop", "name", "", "Invalid string: abcd...mnop; must be at most 10 characters"},
		"empty":                        {"name=", "name", "parameter_invalid_empty", ""},
		"pattern":                      {"name=x&country=us", "country", "", "Invalid country: must be a country"},
		"integer or nothing":           {"name=x&any=abc", "any", "parameter_invalid_integer", "Invalid integer: abc"},
		"integer or nothing, too low":  {"name=x&any=0", "any", "parameter_invalid_integer", "This value must be greater than or equal to 1."},
		"number or range, within":      {"name=x&range[gt]=abc", "range[gt]", "parameter_invalid_integer", "Invalid integer: abc"},
		"number or range, unknown":     {"name=x&range[x]=1", "range[x]", "parameter_unknown", "Received unknown parameter: range[x]"},
		"expand, unknown":              {"name=x&expand[]=nothing", "", "", "This property cannot be expanded because it doesn't exist: nothing."},
		"expand, not expandable":       {"name=x&expand[]=plain", "", "", "This property cannot be expanded (plain)."},
		"expand, a list without data":  {"name=x&expand[]=list.owner", "", "", "This property cannot be expanded (owner). You may want to try expanding 'list.data.owner' instead."},
		"expand, too deep":             {"name=x&expand[]=a.b.c.d.e", "", "property_expansion_max_depth", "You cannot expand more than 4 levels of a property. Property: a.b.c.d.e"},
		"expand, before the unknown":   {"emial=1&expand[]=nothing", "", "", "This property cannot be expanded because it doesn't exist: nothing."},
		"expand, a count":              {"name=x&expand[]=list.total_count", "", "", "This property cannot be included (total_count)"},
		"a key that is not finished":   {"name=x&kinds[0=a", "", "", ""},
		"an index beyond every bounds": {"name=x&kinds[20000000]=a", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fault, ok := errors.AsType[*apierror.Error](check(t, c.raw))
			require.True(t, ok)
			require.Equal(t, 400, fault.Status)
			require.Equal(t, apierror.InvalidRequest, fault.Type)
			require.Equal(t, c.code, fault.Code)
			if c.message != "" {
				require.Equal(t, c.message, fault.Message)
				require.Equal(t, c.param, fault.Param)
			}
		})
	}
}

func TestNoComplaint(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"name=x", "name=x&any=", "name=x&any=7", "name=x&range=7", "name=x&range[gt]=7", "name=x&rate=1.5&flag=false",
		"name=x&expand[]=owner&expand[]=list.data.owner", "name=x&kinds[7]=a&kinds[3]=b",
	} {
		require.NoError(t, check(t, raw), raw)
	}
}

func TestJSONIsBoundedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	limits := form.Limits{Pairs: 5, Depth: 3}
	require.NoError(t, boundJSON(`{"a": "{[,,,,,,,,\" ,,,,", "b": [1, 2]}`, limits))
	require.Error(t, boundJSON(`{"a": [1, 2, 3, 4, 5]}`, limits))
	require.Error(t, boundJSON(`{"a": {"b": {"c": {"d": {}}}}}`, form.Limits{Pairs: 100, Depth: 3}))
}

func TestJSONNumbers(t *testing.T) {
	t.Parallel()
	value, err := decodeJSON(`{"a": 2, "b": 2.0, "c": 2e0, "d": 9007199254740993, "e": 9223372036854775808, "f": 1.5}`)
	require.NoError(t, err)
	require.Equal(t, int64(2), value["a"])
	require.Equal(t, int64(2), value["b"])
	require.Equal(t, int64(2), value["c"])
	require.Equal(t, int64(9007199254740993), value["d"])
	require.Equal(t, "9223372036854775808", value["e"], "too large for 64 bits: no number")
	require.NotEqual(t, int64(1), value["f"])
}
