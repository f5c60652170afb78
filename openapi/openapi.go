// Package openapi carries the documents into the binary: the API's, and that of the control listener.
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

// ControlYAML is the control listener's document as it was written.
//
//go:embed control.yaml
var ControlYAML []byte

// ControlJSON is the same document as JSON.
//
//go:embed control.gen.json
var ControlJSON []byte
