package form_test

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	oapi "github.com/oapi-codegen/runtime"
	"github.com/stretchr/testify/require"

	"fincon/impl/form"
)

// object and the like keep the expectations readable.
type object = map[string]any
type array = []any

// sessionSchema has everything that directs decoding: nested objects, arrays, each scalar, alternatives, free maps.
func sessionSchema() *openapi3.Schema {
	str, integer := openapi3.NewStringSchema(), openapi3.NewInt64Schema()
	strings := openapi3.NewArraySchema().WithItems(str)
	customer := openapi3.NewObjectSchema().WithProperty("type", str).WithProperty("customer", str).WithProperty("id", str)
	account := openapi3.NewObjectSchema().WithProperty("type", str).WithProperty("account", str).WithProperty("id", integer)
	event := openapi3.NewObjectSchema().WithProperty("name", str).WithProperty("at", integer).
		WithProperty("tags", strings).WithProperty("data", openapi3.NewObjectSchema().WithAdditionalProperties(str))
	empty := openapi3.NewStringSchema().WithEnum("")

	root := openapi3.NewObjectSchema().WithoutAdditionalProperties()
	for name, schema := range map[string]*openapi3.Schema{
		"account_holder": openapi3.NewOneOfSchema(customer, account),
		"permissions":    strings,
		"filters":        openapi3.NewObjectSchema().WithProperty("countries", strings),
		"limits":         openapi3.NewObjectSchema().WithProperty("accounts", openapi3.NewAnyOfSchema(integer, empty)),
		"limit":          integer,
		"ratio":          openapi3.NewFloat64Schema(),
		"prefer":         openapi3.NewAllOfSchema(openapi3.NewBoolSchema()),
		"return_url":     str,
		"metadata":       openapi3.NewObjectSchema().WithAdditionalProperties(str),
		"counts":         openapi3.NewObjectSchema().WithAdditionalProperties(integer),
		"events":         openapi3.NewArraySchema().WithItems(event),
		"numbers":        openapi3.NewArraySchema().WithItems(integer),
		"list_or_unset":  openapi3.NewAnyOfSchema(openapi3.NewArraySchema().WithItems(integer), empty),
		"list_or_hash":   openapi3.NewAnyOfSchema(strings, customer),
		"expand":         strings,
	} {
		root.WithProperty(name, schema)
	}
	return root
}

var schema = sessionSchema()

func TestDecode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, raw string
		want      object
	}{
		{"nothing", "", object{}},
		{"scalar", "return_url=x", object{"return_url": "x"}},
		{"name without =", "return_url", object{"return_url": ""}},
		{"= in the value", "return_url=a=b", object{"return_url": "a=b"}},
		{"empty pairs", "&&return_url=x&&limit=1&", object{"return_url": "x", "limit": int64(1)}},
		{"; does not separate", "return_url=a;limit=1", object{"return_url": "a;limit=1"}},
		{"last scalar wins", "return_url=a&return_url=b", object{"return_url": "b"}},
		{"blank and plus", "return_url=a+b%2Bc%20d", object{"return_url": "a b+c d"}},
		{"escaped separators", "return_url=%26%3D%5B%25", object{"return_url": "&=[%"}},
		{"UTF-8, escaped, half and half, and raw", "return_url=%C3%a9\xc3%A9é", object{"return_url": "ééé"}},
		{"the replacement character is a character", "return_url=%EF%BF%BD", object{"return_url": "\uFFFD"}},

		{"object", "account_holder[type]=customer&account_holder[customer]=cus_1",
			object{"account_holder": object{"type": "customer", "customer": "cus_1"}}},
		{"percent-encoded brackets", "account_holder%5Btype%5D=a&permissions%5b%5d=b",
			object{"account_holder": object{"type": "a"}, "permissions": array{"b"}}},
		{"escapes in a key", "metadata[a%20b+c]=d", object{"metadata": object{"a b c": "d"}}},
		{"array of scalars", "permissions[]=b&permissions[]=a", object{"permissions": array{"b", "a"}}},
		{"indices", "permissions[0]=b&permissions[1]=a", object{"permissions": array{"b", "a"}}},
		{"sparse and unordered indices", "permissions[7]=b&permissions[2]=a", object{"permissions": array{"a", "b"}}},
		{"zeros before an index", "permissions[010]=b&permissions[9]=a&permissions[10]=c", object{"permissions": array{"a", "c"}}},
		{"largest index", "permissions[999]=a", object{"permissions": array{"a"}}},
		{"the last of an index wins", "permissions[1]=a&permissions[1]=b", object{"permissions": array{"b"}}},
		{"appended come after the numbered", "permissions[]=c&permissions[1]=b&permissions[0]=a&permissions[]=d",
			object{"permissions": array{"a", "b", "c", "d"}}},
		{"array in an object", "filters[countries][]=US", object{"filters": object{"countries": array{"US"}}}},
		{"objects by index", "events[1][name]=b&events[0][name]=a&events[1][at]=2",
			object{"events": array{object{"name": "a"}, object{"name": "b", "at": int64(2)}}}},

		{"Rack: one element", "events[][name]=a&events[][at]=1", object{"events": array{object{"name": "a", "at": int64(1)}}}},
		{"Rack: a key again begins the next", "events[][name]=a&events[][at]=1&events[][name]=b",
			object{"events": array{object{"name": "a", "at": int64(1)}, object{"name": "b"}}}},
		{"Rack: an array within", "events[][tags][]=x&events[][tags][]=y&events[][name]=a&events[][name]=b&events[][tags][]=z",
			object{"events": array{object{"name": "a", "tags": array{"x", "y"}}, object{"name": "b", "tags": array{"z"}}}}},
		{"Rack: indices within", "events[][tags][0]=x&events[][tags][1]=y&events[][tags][0]=z",
			object{"events": array{object{"tags": array{"x", "y"}}, object{"tags": array{"z"}}}}},
		{"Rack: an object within", "events[][data][k]=1&events[][data][l]=2&events[][data][k]=3",
			object{"events": array{object{"data": object{"k": "1", "l": "2"}}, object{"data": object{"k": "3"}}}}},
		{"Rack: after a scalar", "events[]=a&events[][name]=b&events[]=c", object{"events": array{"a", object{"name": "b"}, "c"}}},
		{"Rack: not into a numbered element", "events[0][name]=a&events[][at]=1",
			object{"events": array{object{"name": "a"}, object{"at": int64(1)}}}},

		{"a number as an object's key", "metadata[0]=a&metadata[20000000]=b", object{"metadata": object{"0": "a", "20000000": "b"}}},
		{"a word as an array's index", "permissions[x]=1", object{"permissions": object{"x": "1"}}},
		{"a negative index", "permissions[-1]=1", object{"permissions": object{"-1": "1"}}},
		{"[] on an object", "metadata[]=a", object{"metadata": array{"a"}}},
		{"array or hash: number", "list_or_hash[0]=a", object{"list_or_hash": array{"a"}}},
		{"array or hash: word", "list_or_hash[type]=a", object{"list_or_hash": object{"type": "a"}}},
		{"scalar where an object is wanted", "account_holder=cus_1", object{"account_holder": "cus_1"}},
		{"scalar where an array is wanted", "permissions=balances", object{"permissions": "balances"}},
		{"object where a scalar is wanted", "return_url[a]=b&limit[0]=1", object{"return_url": object{"a": "b"}, "limit": array{"1"}}},

		{"unknown scalar", "bogus=1", object{"bogus": "1"}},
		{"unknown object", "bogus[a][b]=1", object{"bogus": object{"a": object{"b": "1"}}}},
		{"unknown array", "bogus[]=1&more[3]=a&more[0]=b", object{"bogus": array{"1"}, "more": array{"b", "a"}}},
		{"unknown, nested", "account_holder[bogus]=1", object{"account_holder": object{"bogus": "1"}}},

		{"empty scalar", "return_url=&limit=&prefer=&ratio=", object{"return_url": "", "limit": "", "prefer": "", "ratio": ""}},
		{"empty array and object", "permissions=&metadata=", object{"permissions": "", "metadata": ""}},
		{"empty element", "permissions[]=&numbers[]=", object{"permissions": array{""}, "numbers": array{""}}},

		{"integer", "limit=10", object{"limit": int64(10)}},
		{"negative integer", "limit=-10", object{"limit": int64(-10)}},
		{"zeros before an integer", "limit=007", object{"limit": int64(7)}},
		{"largest integer", "limit=9223372036854775807", object{"limit": int64(9223372036854775807)}},
		{"smallest integer", "limit=-9223372036854775808", object{"limit": int64(-9223372036854775808)}},
		{"integer beyond int64", "limit=9223372036854775808", object{"limit": "9223372036854775808"}},
		{"integer of too many digits", "limit=000000000000000000001", object{"limit": "000000000000000000001"}},
		{"integer with a plus", "limit=%2B1", object{"limit": "+1"}},
		{"integer with a blank", "limit=+1", object{"limit": " 1"}},
		{"decimal for an integer", "limit=1.0", object{"limit": "1.0"}},
		{"word for an integer", "limit=abc", object{"limit": "abc"}},
		{"integers in an array", "numbers[]=1&numbers[]=x", object{"numbers": array{int64(1), "x"}}},
		{"integers in a free map", "counts[a]=1", object{"counts": object{"a": int64(1)}}},
		{"digits for a string", "return_url=10&metadata[a]=1&permissions[]=1",
			object{"return_url": "10", "metadata": object{"a": "1"}, "permissions": array{"1"}}},
		{"decimal", "ratio=-0.10", object{"ratio": json.Number("-0.10")}},
		{"decimal with an exponent", "ratio=1e3", object{"ratio": json.Number("1e3")}},
		{"integer for a decimal", "ratio=5", object{"ratio": int64(5)}},
		{"no decimal", "ratio=0x1p4", object{"ratio": "0x1p4"}},
		{"no decimal: NaN", "ratio=NaN", object{"ratio": "NaN"}},
		{"no decimal: too large", "ratio=1e999", object{"ratio": "1e999"}},
		{"no decimal: blank behind", "ratio=1.5+", object{"ratio": "1.5 "}},
		{"no decimal: minus alone", "ratio=-", object{"ratio": "-"}},
		{"true", "prefer=true", object{"prefer": true}},
		{"false", "prefer=false", object{"prefer": false}},
		{"other words for true", "prefer=1", object{"prefer": "1"}},

		{"any of: integer", "limits[accounts]=2", object{"limits": object{"accounts": int64(2)}}},
		{"any of: empty", "limits[accounts]=", object{"limits": object{"accounts": ""}}},
		{"any of: neither", "limits[accounts]=two", object{"limits": object{"accounts": "two"}}},
		{"any of: array", "list_or_unset[1]=5", object{"list_or_unset": array{int64(5)}}},
		{"any of: array, unset", "list_or_unset=", object{"list_or_unset": ""}},
		{"one of: property of either", "account_holder[customer]=1&account_holder[account]=2",
			object{"account_holder": object{"customer": "1", "account": "2"}}},
		{"one of: declared differently", "account_holder[id]=1", object{"account_holder": object{"id": int64(1)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := form.Decode(tt.raw, schema, form.DefaultLimits)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestDecodeWithoutSchema(t *testing.T) {
	t.Parallel()
	got, err := form.Decode("a=1&b[c]=true&d[0]=x&e[][f][]=y&g[1][2]=z", nil, form.DefaultLimits)
	require.NoError(t, err)
	require.Equal(t, object{"a": "1", "b": object{"c": "true"}, "d": array{"x"},
		"e": array{object{"f": array{"y"}}}, "g": array{array{"z"}}}, got)
}

func TestDecodeWithSchemaThatRefersToItself(t *testing.T) {
	t.Parallel()
	node := openapi3.NewObjectSchema()
	node.AnyOf = openapi3.SchemaRefs{{Value: node}, {Ref: "#/unresolved"}}
	node.WithProperty("next", node).WithProperty("n", openapi3.NewInt64Schema())
	got, err := form.Decode("next[next][n]=1", node, form.DefaultLimits)
	require.NoError(t, err)
	require.Equal(t, object{"next": object{"next": object{"n": int64(1)}}}, got)
}

func TestDecodeErrors(t *testing.T) {
	t.Parallel()
	limits := form.Limits{Pairs: 10, Depth: 3, Index: 99, KeyBytes: 200}
	long := strings.Repeat("k", 300)
	tests := []struct{ name, raw, param, message string }{
		{"open bracket", "permissions[0=4111", "permissions", "brackets that do not match"},
		{"open bracket, deeper", "filters[a][0=4111", "filters[a]", "brackets that do not match"},
		{"closing bracket only", "a]=4111", "a", "brackets that do not match"},
		{"bracket in brackets", "a[b[c]]=4111", "a", "brackets that do not match"},
		{"text behind brackets", "a[b]c=4111", "a[b]", "brackets that do not match"},
		{"text between brackets", "a[b]c[d]=4111", "a[b]", "brackets that do not match"},
		{"no name", "[x]=4111", "", "begins with a bracket"},
		{"no name, closing", "]=4111", "", "begins with a bracket"},
		{"empty key", "=4111", "", "without a name"},
		{"empty key and value", "=", "", "without a name"},
		{"JSON", `{"number":"4111","list":[]}`, "", "look like JSON"},
		{"JSON, long", `{"number":"4111` + long + `"}`, "", "look like JSON"},
		{"JSON, escaped", "%7B%22number%22%3A%224111%22%7D=", "", "look like JSON"},

		{"bad escape in a value", "return_url=4111%zz", "return_url", "Write a literal % as %25."},
		{"half an escape", "return_url=4111%2", "return_url", "percent-escape"},
		{"bare %", "return_url=4111%", "return_url", "percent-escape"},
		{"bad escape in a key", "a[b]%zz=4111", "a[b]", `begins with "a[b]" has an incomplete percent-escape`},
		{"bad escape first in a key", "%zz=4111", "", "The name of a parameter has an incomplete"},
		{"value not UTF-8", "return_url=4111%ff%fe", "return_url", "not valid UTF-8"},
		{"value not UTF-8, raw", "return_url=4111\xff", "return_url", "not valid UTF-8"},
		{"key not UTF-8", "a[\xff]=4111", "a[", "not valid UTF-8"},
		{"surrogate", "return_url=4111%ED%A0%80", "return_url", "not valid UTF-8"},
		{"NUL in a value", "a[b]=4111%00", "a[b]", "NUL"},
		{"NUL in a value, raw", "a=4111\x00", "a", "NUL"},
		{"NUL in a key", "a%00b=4111", "a", "NUL"},

		{"scalar, then object", "a=4111&a[b]=4111", "a", "exclude each other"},
		{"object, then scalar", "a[b]=4111&a=4111", "a", "exclude each other"},
		{"array, then scalar", "a[]=4111&a=4111", "a", "exclude each other"},
		{"array, then object", "a[]=4111&a[b]=4111", "a", "exclude each other"},
		{"object, then array", "x[a][b]=4111&x[a][]=4111", "x[a]", "exclude each other"},
		{"word, then index", "permissions[x]=4111&permissions[0]=4111", "permissions", "exclude each other"},
		{"element, then its member", "a[0]=4111&a[0][b]=4111", "a[0]", "exclude each other"},
		{"Rack: scalar, then object", "a[][k]=4111&a[][k][l]=4111", "a[][k]", "exclude each other"},

		{"index", "permissions[100]=4111", "permissions[100]", "from 0 to 99"},
		{"index that overflows", "permissions[18446744073709551616]=4111", "permissions[18446744073709551616]", "from 0 to 99"},
		{"depth", "a[b][c][d][e]=4111", "a[b][c][d][e]", "at most 3"},
		{"pairs", strings.Repeat("a=4111&", 10), "", "at most 10"},
		{"long key", long + "=4111", long[:100], "at most 200 bytes"},
		{"long key in brackets", "a%5B" + long + "=4111", "a[" + long[:96], "at most 200 bytes"},
		{"long key, shown cut", long[:150] + "[=4111", long[:100] + "...", "brackets"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := form.Decode(tt.raw, schema, limits)
			require.Nil(t, got)
			var fault *form.Error
			require.ErrorAs(t, err, &fault)
			require.Equal(t, tt.param, fault.Param)
			require.Contains(t, fault.Message, tt.message)
			require.NotContains(t, fault.Message, "4111", "an error never repeats a value")
			require.NotContains(t, fault.Message, "%!")
			require.True(t, strings.HasSuffix(fault.Message, "."), fault.Message)
		})
	}
}

func TestDecodeWithinLimits(t *testing.T) {
	t.Parallel()
	limits := form.Limits{Pairs: 3, Depth: 2, Index: 5, KeyBytes: 7}
	got, err := form.Decode("a[b][c]=1&d[5]=2&e=3", nil, limits)
	require.NoError(t, err)
	require.Equal(t, object{"a": object{"b": object{"c": "1"}}, "d": array{"2"}, "e": "3"}, got)
}

// The numbers that Decode makes must pass validation as what they are, and reach a field unchanged.
func TestNumbersValidateAndBind(t *testing.T) {
	t.Parallel()
	raw := "limit=9007199254740993&ratio=0.1&limits[accounts]=2&prefer=true&numbers[]=-9223372036854775808"
	value, err := form.Decode(raw, schema, form.DefaultLimits)
	require.NoError(t, err)
	require.NoError(t, schema.VisitJSON(value, openapi3.VisitAsRequest()))

	var bound struct {
		Limit   int64   `json:"limit"`
		Ratio   float64 `json:"ratio"`
		Numbers []int64 `json:"numbers"`
		Prefer  *bool   `json:"prefer"`
		Limits  struct {
			Accounts json.RawMessage `json:"accounts"` // as generated unions are bound
		} `json:"limits"`
	}
	require.NoError(t, oapi.BindJSONValue(value, &bound))
	require.Equal(t, int64(9007199254740993), bound.Limit, "not representable as a float64")
	require.Equal(t, 0.1, bound.Ratio)
	require.Equal(t, []int64{-9223372036854775808}, bound.Numbers)
	require.True(t, *bound.Prefer)
	require.JSONEq(t, "2", string(bound.Limits.Accounts))
}

func TestEncode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		value object
		want  string
	}{
		{"nothing", object{}, ""},
		{"sorted", object{"b": "1", "a": "2"}, "a=2&b=1"},
		{"escaped", object{"a b": "c&d=e+f", "ü": "é"}, "a+b=c%26d%3De%2Bf&%C3%BC=%C3%A9"},
		{"nested", object{"a": object{"c": array{"x", object{"d": "y"}}, "b": "z"}}, "a[b]=z&a[c][0]=x&a[c][1][d]=y"},
		{"scalars", object{"a": int64(-5), "b": true, "c": json.Number("0.10"), "d": 1e6, "e": 7}, "a=-5&b=true&c=0.10&d=1000000&e=7"},
		{"unset", object{"a": nil, "b": array{}, "c": object{}}, "a=&b=&c="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, form.Encode(tt.value))
		})
	}
}

// vectorBodies returns the form bodies of the session vectors by the name of their case.
func vectorBodies(t testing.TB) map[string]string {
	data, err := os.ReadFile("../../tests/testdata/create-session.json")
	require.NoError(t, err)
	var file struct {
		Cases []struct {
			Name        string `json:"name"`
			ContentType string `json:"content_type"`
			Body        string `json:"body"`
		} `json:"cases"`
	}
	require.NoError(t, json.Unmarshal(data, &file))
	bodies := map[string]string{}
	for _, c := range file.Cases {
		if c.ContentType == "application/x-www-form-urlencoded" {
			bodies[c.Name] = c.Body
		}
	}
	require.NotEmpty(t, bodies)
	return bodies
}

func TestSessionVectors(t *testing.T) {
	t.Parallel()
	unreadable := map[string]bool{"key with an open bracket": true, "huge index": true, "bad percent escape": true,
		"bytes that are not UTF-8": true}
	for name, body := range vectorBodies(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			value, err := form.Decode(body, schema, form.DefaultLimits)
			if unreadable[name] {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			again, err := form.Decode(form.Encode(value), schema, form.DefaultLimits)
			require.NoError(t, err)
			require.Equal(t, value, again)
		})
	}
}

func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format+"&", i)
	}
	return strings.TrimSuffix(b.String(), "&")
}

// What hostile input may cost, in bytes allocated. Not parallel: it measures the whole process's allocations.
func TestHostileInputIsCheap(t *testing.T) {
	const little, kB, mB = 64 << 10, 1 << 10, 1 << 20 // the runtime allocates a little on its own
	pairs := form.DefaultLimits.Pairs
	tests := []struct {
		name, raw string
		atMost    uint64
		fails     bool
	}{
		{"100,000 pairs", repeat(100_000, "k%d=v"), little, true},
		{"a megabyte of separators", strings.Repeat("&", mB), little, true},
		{"a megabyte of open brackets", "a" + strings.Repeat("[", mB), little, true},
		{"a megabyte of brackets", "a" + strings.Repeat("[a]", mB/3), little, true},
		{"a megabyte of a name", strings.Repeat("%5B", mB/3), mB + mB/2, true},
		{"a megabyte of a value", "a=" + strings.Repeat("v", mB), little, false},
		{"a megabyte of escapes", "a=" + strings.Repeat("%41", mB/3), mB + mB/2, false},
		{"a megabyte of digits", "limit=" + strings.Repeat("9", mB), little, false},
		{"a megabyte of digits as a decimal", "ratio=" + strings.Repeat("9", mB), little, false},
		{"a huge index", "permissions[20000000]=x", little, true},
		{"an index of a thousand digits", "a[" + strings.Repeat("9", 900) + "]=x", little, true},
		{"indices downwards", downwards(pairs), 500 * kB, false},
		{"deep brackets everywhere", repeat(pairs, "k%d[][][][][][][][]=v"), 4 * mB, false},
		{"deep objects everywhere", repeat(pairs, "k%d[a][b][c][d][e][f][g][h]=v"), 8 * mB, false},
		{"new elements of new elements", repeat(pairs, "events[][data][k%[1]d]=v"), 2 * mB, false},
		{"alternatives that disagree, everywhere", strings.Repeat("account_holder[id]=1&", pairs-1), 4 * mB, false},
		{"an object per element", repeat(pairs, "events[][data][k]=%d"), 4 * mB, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := form.Decode(tt.raw, schema, form.DefaultLimits)
			runtime.ReadMemStats(&after)
			require.Equal(t, tt.fails, err != nil, "%v", err)
			require.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, tt.atMost)
		})
	}
}

func downwards(n int) string {
	indices := make([]string, n)
	for i := range indices {
		indices[i] = fmt.Sprintf("permissions[%d]=x", n-1-i)
	}
	return strings.Join(indices, "&")
}

const (
	typicalBody = "account_holder[type]=customer&account_holder[customer]=cus_NiKSWdaFz2F6I0" +
		"&permissions[]=payment_method&permissions[]=balances&filters[countries][]=US"
	encodedBody = "account_holder%5Btype%5D=customer&account_holder%5Bcustomer%5D=cus_NiKSWdaFz2F6I0" +
		"&permissions%5B0%5D=payment_method&permissions%5B1%5D=balances&filters%5Bcountries%5D%5B0%5D=US"
)

func TestTypicalBodyAllocatesLittle(t *testing.T) {
	for _, body := range []string{typicalBody, encodedBody} {
		allocs := testing.AllocsPerRun(100, func() {
			_, _ = form.Decode(body, schema, form.DefaultLimits)
		})
		require.LessOrEqual(t, allocs, 24.0)
	}
}

func BenchmarkDecode(b *testing.B) {
	bodies := []struct{ name, body string }{
		{"brackets", typicalBody},
		{"percent-encoded and indexed", encodedBody},
		{"query", "limit=10&starting_after=fca_1"},
		{"refused 100,000 pairs", repeat(100_000, "k%d=v")},
		{"accepted worst case", repeat(form.DefaultLimits.Pairs, "k%d[a][b][c][d][e][f][g][h]=v")},
		{"indices downwards", downwards(form.DefaultLimits.Pairs)},
	}
	for _, bb := range bodies {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = form.Decode(bb.body, schema, form.DefaultLimits)
			}
		})
	}
}
