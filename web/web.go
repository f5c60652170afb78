// Package web is what browsers are served: the script for other sites' pages, the modal, the start page. It embeds what
// `make web` has built of the folders beside this file.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed dist
var dist embed.FS

// contentTypes are the types of the files there are, by the end of their names.
var contentTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// files are the built files that were asked for, by their names below dist/. The others stay where they are in the binary: some
// are large, and seldom asked for.
var files sync.Map

// File is something to serve. It is an http.Handler: content type, ETag, conditional requests, and gzip for those who take it.
type File struct {
	contentType, etag string
	body              []byte
	compressed        func() []byte
}

// Named finds a built file by its name: "modal/main.js".
func Named(name string) (*File, bool) {
	if file, ok := files.Load(name); ok {
		return file.(*File), true
	}
	body, err := dist.ReadFile("dist/" + name)
	if err != nil {
		return nil, false
	}
	file, _ := files.LoadOrStore(name, NewFile(name, body))
	return file.(*File), true
}

// NewFile makes a file of a body. Its content type follows from the end of its name, which must be one of those that are
// built: css, html, js, svg, txt.
func NewFile(name string, body []byte) *File {
	contentType, ok := contentTypes[path.Ext(name)]
	if !ok {
		panic("web: no content type is known for " + name)
	}
	sum := sha256.Sum256(body)
	return &File{
		contentType: contentType, etag: hex.EncodeToString(sum[:12]), body: body,
		compressed: sync.OnceValue(func() []byte { return compress(body) }),
	}
}

// Body is what the file holds. It must not be changed.
func (f *File) Body() []byte { return f.body }

// compress is done when a file is first asked for: few of them are, in the life of most servers.
func compress(body []byte) []byte {
	var buffer bytes.Buffer
	writer, _ := gzip.NewWriterLevel(&buffer, gzip.BestCompression) // the level is a valid one
	_, _ = writer.Write(body)                                       // to memory
	_ = writer.Close()
	return buffer.Bytes()
}

// ServeHTTP serves the file. A Cache-Control that is set already is kept; without one, browsers ask each time whether
// the file has changed, so that a new version of the server is seen at once.
func (f *File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "no-cache")
	}
	header.Set("Content-Type", f.contentType)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Add("Vary", "Accept-Encoding")
	body, etag := f.body, f.etag
	if takesGzip(r) {
		header.Set("Content-Encoding", "gzip")
		body, etag = f.compressed(), etag+"-gzip"
	}
	header.Set("ETag", `"`+etag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// takesGzip tells whether a client takes gzip, unless it weighs its encodings: those that do can take the plain file.
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		if strings.TrimSpace(coding) == "gzip" {
			return true
		}
	}
	return false
}
