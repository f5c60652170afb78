package form_test

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"fincon/impl/form"
)

func FuzzDecodeBody(f *testing.F) {
	for _, body := range vectorBodies(f) {
		f.Add(body)
	}
	for _, body := range []string{
		"events[][data][k]=1&events[][data][l]=2&events[][data][k]=3", "a[][]=1&a[][]=2&a[0][0][b]=3",
		"ratio=1.5e3&prefer=true&numbers[]=-9&counts[a]=1", "list_or_hash[0]=a&list_or_hash[]=b", "metadata[]=a&metadata[]=",
		"account_holder[id]=1&account_holder%5Bid%5D=x+%C3%A9", "a=1&a[b]=2", "a[b[c]]=1", "=&a]=&[b]=", "%00=%ff",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, raw string) { checkDecode(t, raw, schema) })
}

func FuzzDecodeQuery(f *testing.F) {
	integer := openapi3.NewIntegerSchema()
	created := openapi3.NewAnyOfSchema(integer, openapi3.NewObjectSchema().WithProperty("gte", integer))
	query := openapi3.NewObjectSchema().WithoutAdditionalProperties().
		WithProperty("limit", integer).WithProperty("starting_after", openapi3.NewStringSchema()).
		WithProperty("transacted_at", created).
		WithProperty("expand", openapi3.NewArraySchema().WithItems(openapi3.NewStringSchema()))
	for _, raw := range []string{
		"limit=3&starting_after=fca_1", "transacted_at[gte]=1&transacted_at[lt]=2", "transacted_at=5",
		"expand[]=data.ownership&expand[0]=data", "expand%5B%5D=data", "limit=-0&limit=%31", "limit[]=1", "a&b&&c=",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) { checkDecode(t, raw, query) })
}

// checkDecode decodes raw with and without a schema and checks what holds for every input.
func checkDecode(t *testing.T, raw string, schema *openapi3.Schema) {
	directed := decodeBounded(t, raw, schema)
	if directed == nil {
		return
	}
	// What the schema does not permit need not survive: an array sent for an object comes back as an object.
	if schema.VisitJSON(directed) == nil {
		checkRoundTrip(t, directed, schema)
	}
	if undirected := decodeBounded(t, raw, nil); undirected != nil {
		checkRoundTrip(t, undirected, nil)
	}
}

func decodeBounded(t *testing.T, raw string, schema *openapi3.Schema) map[string]any {
	limits := form.Limits{Pairs: 50, Depth: 5, Index: 99, KeyBytes: 200}
	value, err := form.Decode(raw, schema, limits)
	if err != nil {
		var fault *form.Error
		require.True(t, errors.As(err, &fault))
		require.NotEmpty(t, fault.Message)
		require.True(t, utf8.ValidString(fault.Param+fault.Message))
		require.Less(t, len(fault.Param)+len(fault.Message), 1000)
		return nil
	}
	nodes, bytes := size(t, value)
	require.LessOrEqual(t, nodes, 1+limits.Pairs*(limits.Depth+1))
	require.LessOrEqual(t, bytes, len(raw))
	return value
}

func checkRoundTrip(t *testing.T, value map[string]any, schema *openapi3.Schema) {
	// Escapes and written indices make names longer than they were.
	again, err := form.Decode(form.Encode(value), schema, form.Limits{Pairs: 50, Depth: 5, Index: 99, KeyBytes: 10_000})
	require.NoError(t, err)
	require.Equal(t, value, again)
}

// size returns how many values there are in value, itself included, and how long their texts are together.
func size(t *testing.T, value any) (nodes, bytes int) {
	nodes = 1
	add := func(name string, member any) {
		n, b := size(t, member)
		nodes, bytes = nodes+n, bytes+b+len(name)
	}
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			require.True(t, utf8.ValidString(name))
			add(name, member)
		}
	case []any:
		require.NotEmpty(t, value)
		for _, element := range value {
			add("", element)
		}
	case string:
		require.True(t, utf8.ValidString(value))
		bytes = len(value)
	case nil:
		require.Fail(t, "a place without a value")
	}
	return nodes, bytes
}
