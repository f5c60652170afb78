// Package wire writes objects and lists as the API sends them: JSON indented by two spaces, in the order of the document.
package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// JSON is an object as it is stored and sent, with a line's end behind it.
func JSON(object any) ([]byte, error) {
	compact := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(compact)
	compact.Reset()
	encoder := json.NewEncoder(compact)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(object); err != nil {
		return nil, fmt.Errorf("render %T: %w", object, err)
	}
	return spread(compact.Bytes()), nil
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// spread indents JSON that the encoder has written without spaces. The encoder's own indenting reads the text once more
// as if it could be anything, which takes three times as long as writing it.
func spread(compact []byte) []byte {
	b := make([]byte, 0, len(compact)*3/2+64)
	depth := 0
	for i := 0; i < len(compact); i++ {
		switch c := compact[i]; c {
		case '"':
			end := i + textLength(compact[i:])
			b = append(b, compact[i:end]...)
			i = end - 1
		case '{', '[':
			b = append(b, c)
			if closing := compact[i+1]; closing == c+2 { // as ] stands to [ in ASCII, } does to {
				b = append(b, closing)
				i++
				continue
			}
			depth++
			b = newLine(b, depth)
		case '}', ']':
			depth--
			b = append(newLine(b, depth), c)
		case ',':
			b = newLine(append(b, c), depth)
		case ':':
			b = append(b, ": "...)
		default:
			b = append(b, c)
		}
	}
	return b
}

// textLength is the length of the text in quotes with which the JSON begins.
func textLength(b []byte) int {
	for i := 1; ; i++ {
		i += bytes.IndexByte(b[i:], '"')
		backslashes := 0
		for b[i-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return i + 1
		}
	}
}

const indentation = "\n                                "

func newLine(b []byte, depth int) []byte {
	const step, deepest = 2, (len(indentation) - 1) / 2
	b = append(b, indentation[:1+step*min(depth, deepest)]...)
	for range depth - deepest {
		b = append(b, "  "...)
	}
	return b
}

// List is the list object around objects that JSON made. more tells whether there are objects beyond them; url is the
// path at which they are listed.
func List(objects [][]byte, more bool, url string) []byte {
	listed := make([][]byte, len(objects))
	for i, object := range objects {
		listed[i] = Listed(object)
	}
	return AppendList(nil, listed, more, url)
}

// AppendList is List around objects that Listed made; it writes behind b.
func AppendList(b []byte, listed [][]byte, more bool, url string) []byte {
	size := 128 + len(url)
	for _, object := range listed {
		size += len(object) + len(",\n    ")
	}
	b = slices.Grow(b, size)
	b = append(b, "{\n  \"object\": \"list\",\n  \"data\": ["...)
	for i, object := range listed {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, between...), object...)
	}
	if len(listed) > 0 {
		b = append(b, "\n  "...)
	}
	quoted, _ := json.Marshal(url) // a text always encodes
	return fmt.Appendf(b, "],\n  \"has_more\": %t,\n  \"url\": %s\n}\n", more, quoted)
}

// between is what stands between the lines of an object in a list, instead of a line's end: four spaces more.
var between, lineEnd = []byte("\n    "), []byte("\n")

// Listed is an object that JSON made as it stands in a list: further to the right, and without a line's end behind it.
// No text in it has a line's end of its own.
func Listed(object []byte) []byte {
	object = bytes.TrimSuffix(object, lineEnd)
	b := make([]byte, 0, len(object)+(len(between)-1)*bytes.Count(object, lineEnd))
	for {
		line := bytes.IndexByte(object, '\n')
		if line < 0 {
			return append(b, object...)
		}
		b = append(append(b, object[:line]...), between...)
		object = object[line+1:]
	}
}

// Alone is the object of which Listed made this.
func Alone(listed []byte) []byte {
	return append(bytes.ReplaceAll(listed, between, lineEnd), '\n')
}
