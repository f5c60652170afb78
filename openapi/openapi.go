// Package openapi carries the document into the binary.
package openapi

import _ "embed"

// YAML is the document as it was written.
//
//go:embed openapi.yaml
var YAML []byte

// JSON is the same document as JSON, which `make generate` makes of it: it loads ten times as fast.
//
//go:embed openapi.gen.json
var JSON []byte
