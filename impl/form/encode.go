package form

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Encode writes an object as a form: names sorted, arrays indexed. It is Decode's inverse, for every object that the
// schema of Decode permits.
//
// An empty array, an empty object and nil are written as the empty text, which is how the API's clients unset a
// parameter. The brackets are left as they are; brackets inside a name are escaped, but a form cannot tell them apart.
func Encode(value map[string]any) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(value)) {
		encode(&b, url.QueryEscape(name), value[name])
	}
	return b.String()
}

func encode(b *strings.Builder, key string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			encode(b, key+"["+url.QueryEscape(name)+"]", value[name])
		}
		if len(value) > 0 {
			return
		}
	case []any:
		for i, element := range value {
			encode(b, key+"["+strconv.Itoa(i)+"]", element)
		}
		if len(value) > 0 {
			return
		}
	}
	if b.Len() > 0 {
		b.WriteByte('&')
	}
	b.WriteString(key + "=" + url.QueryEscape(text(value)))
}

// text writes a scalar.
func text(value any) string {
	switch value := value.(type) {
	case nil, map[string]any, []any:
		return ""
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}
