// Package form decodes form bodies (application/x-www-form-urlencoded) and query strings into the value that a schema
// describes: nested objects, arrays, integers, booleans.
//
// It decides structure, not validity. Unknown keys are kept and a text that is no number stays a text, so that
// validation, which comes after, can name what is wrong. Only input whose structure cannot be read is an error here.
package form

import (
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Limits bounds what a hostile input can cost. What is beyond a limit is refused, never cut.
type Limits struct {
	// Pairs is how many name=value pairs an input may have. Separators are what is counted, so empty pairs count too.
	Pairs int
	// Depth is how many brackets may follow a name: a[b][c] has two.
	Depth int
	// Index is the largest array index, as in a[999].
	Index int
	// KeyBytes is the length of the longest key as it was sent, escapes included.
	KeyBytes int
}

// DefaultLimits is far beyond what the API's own requests need (the largest has dozens of pairs and four brackets), and
// keeps the worst input below a few megabytes. The largest index is what an array of Pairs elements needs.
var DefaultLimits = Limits{Pairs: 1000, Depth: 8, Index: 999, KeyBytes: 1000}

// Decode parses raw and returns the object that schema describes. Without a schema every scalar stays a string, and
// brackets that hold nothing or a number make an array.
//
// The object holds map[string]any, []any, string, bool, int64 for integers, and json.Number for decimals. Its strings
// may share memory with raw. The error, if any, is an *Error.
func Decode(raw string, schema *openapi3.Schema, limits Limits) (map[string]any, error) {
	// Counted before anything is parsed: 100,000 pairs must cost no more than this line.
	if strings.Count(raw, "&") >= limits.Pairs && raw != "" {
		return nil, tooManyPairs(limits.Pairs)
	}
	d := decoder{raw: raw, limits: limits}
	root := make(map[string]any)
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		if err := d.pair(root, schema, pair); err != nil {
			return nil, err
		}
	}
	for array := d.arrays; array != nil; array = array.earlier {
		array.object[array.name] = array.values()
	}
	return root, nil
}

// decoder is one run of Decode. While it runs, an array is a *list in the place where its []any will be.
type decoder struct {
	raw    string
	limits Limits
	// key and value are the current pair, decoded.
	key, value string
	// arrays is the latest array that is a member of an object, and by its link all of them. Arrays in arrays are not
	// among them: they are finished with the outer one.
	arrays *list
	// text holds all decoded texts, one behind the other: one allocation for the whole input, see unescape.
	text strings.Builder
}

// pair puts one name=value into root.
func (d *decoder) pair(root map[string]any, schema *openapi3.Schema, pair string) *Error {
	key, value, _ := strings.Cut(pair, "=")
	if isJSON(key) {
		return looksLikeJSON()
	}
	if len(key) > d.limits.KeyBytes {
		start, _ := d.decode(key[:min(len(key), maxShown)])
		return keyTooLong(start, d.limits.KeyBytes)
	}
	var problem string
	if d.key, problem = d.decode(key); problem != "" {
		return badName(d.key, problem)
	}
	if d.value, problem = d.decode(value); problem != "" {
		return badValue(d.key, problem)
	}

	name, path := cutName(d.key)
	if name == "" {
		return nameless(d.key)
	}
	if strings.Count(path, "[") > d.limits.Depth {
		return tooDeep(d.key, d.limits.Depth)
	}
	return d.putMember(root, schema, name, path)
}

// put puts the current pair's value at path below a place and returns what belongs in that place now. old is what the
// place holds already, nil for nothing.
func (d *decoder) put(old any, schema *openapi3.Schema, path string) (any, *Error) {
	if path == "" {
		if isContainer(old) {
			return nil, conflicting(d.before(path))
		}
		return scalar(d.value, schema), nil
	}
	name, rest, ok := cutBrackets(path)
	if !ok {
		return nil, malformed(d.key, d.before(path))
	}
	if d.namesElement(name, schema) {
		array, ok := old.(*list)
		if old == nil {
			array, ok = new(list), true
		}
		if !ok {
			return nil, conflicting(d.before(path))
		}
		return array, d.putElement(array, schema, name, rest)
	}
	object, ok := old.(map[string]any)
	if old == nil {
		object, ok = make(map[string]any), true
	}
	if !ok {
		return nil, conflicting(d.before(path))
	}
	return object, d.putMember(object, schema, name, rest)
}

// namesElement tells an array's index from an object's key. Only the schema knows what a[0] is; where it does not say,
// a number is an index. A word is always a key: that an array is wanted is then for validation to say.
func (d *decoder) namesElement(name string, schema *openapi3.Schema) bool {
	if name == "" {
		return true
	}
	return isNumber(name) && kindsOf(schema)&(kindObject|kindArray) != kindObject
}

func (d *decoder) putMember(object map[string]any, schema *openapi3.Schema, name, rest string) *Error {
	old := object[name]
	member, err := d.put(old, property(schema, name), rest)
	if err != nil || old != nil && rest != "" { // what holds more is in its place already
		return err
	}
	object[name] = member
	if array, ok := member.(*list); ok {
		array.object, array.name, array.earlier = object, name, d.arrays
		d.arrays = array
	}
	return nil
}

func (d *decoder) putElement(array *list, schema *openapi3.Schema, name, rest string) *Error {
	var place *any
	if name == "" {
		place = array.next(rest)
	} else if index, ok := number(name, d.limits.Index); ok {
		place = array.at(index)
	} else {
		return indexTooLarge(d.before(rest), d.limits.Index)
	}
	element, err := d.put(*place, items(schema), rest)
	if err == nil {
		*place = element
	}
	return err
}

// before returns the part of the current key that lies before path.
func (d *decoder) before(path string) string {
	return d.key[:len(d.key)-len(path)]
}

// isJSON recognizes a JSON object in the place of a name, a client's commonest mistake. It must not be read as one long
// name: errors repeat names, and it holds values.
func isJSON(key string) bool {
	return strings.HasPrefix(key, "{") || strings.HasPrefix(key, "%7B") || strings.HasPrefix(key, "%7b")
}

// cutName splits "a[b][c]" into "a" and "[b][c]".
func cutName(key string) (name, path string) {
	for i := range len(key) {
		if key[i] == '[' || key[i] == ']' {
			return key[:i], key[i:]
		}
	}
	return key, ""
}

// cutBrackets splits "[a][b]" into "a" and "[b]".
func cutBrackets(path string) (name, rest string, ok bool) {
	end := strings.IndexByte(path, ']')
	if end < 0 || path[0] != '[' {
		return "", "", false
	}
	name = path[1:end]
	return name, path[end+1:], strings.IndexByte(name, '[') < 0
}

func isContainer(value any) bool {
	switch value.(type) {
	case map[string]any, *list:
		return true
	}
	return false
}
