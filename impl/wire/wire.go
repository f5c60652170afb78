// Package wire writes objects and lists as the API sends them: JSON indented by two spaces, in the order of the document.
package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// JSON is an object as it is stored and sent, with a line's end behind it.
func JSON(object any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(object); err != nil {
		return nil, fmt.Errorf("render %T: %w", object, err)
	}
	return b.Bytes(), nil
}

// List is the list object around objects that JSON made. more tells whether there are objects beyond them; url is the
// path at which they are listed.
func List(objects [][]byte, more bool, url string) []byte {
	size := 128 + len(url)
	for _, object := range objects {
		size += len(object) + len(object)/6
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	b.WriteString("{\n  \"object\": \"list\",\n  \"data\": [")
	for i, object := range objects {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n    ")
		indent(b, object, "    ")
	}
	if len(objects) > 0 {
		b.WriteString("\n  ")
	}
	quoted, _ := json.Marshal(url) // a text always encodes
	fmt.Fprintf(b, "],\n  \"has_more\": %t,\n  \"url\": %s\n}\n", more, quoted)
	return b.Bytes()
}

// indent writes a rendered object further to the right, without the line's end behind it.
func indent(b *bytes.Buffer, object []byte, by string) {
	object = bytes.TrimSuffix(object, []byte{'\n'})
	for {
		line := bytes.IndexByte(object, '\n')
		if line < 0 {
			b.Write(object)
			return
		}
		b.Write(object[:line+1])
		b.WriteString(by)
		object = object[line+1:]
	}
}
