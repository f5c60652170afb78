package impl

import (
	"bytes"
	"html/template"
	"strings"

	"github.com/labstack/echo/v4"

	"fincon/web"
)

// serveStart adds the start page. It needs no key itself and shows nothing without one: what it shows it asks the API for,
// with a test key that it makes or is given.
func (s *Server) serveStart(e *echo.Echo) error {
	page, err := s.startPage()
	if err != nil {
		return err
	}
	policy := s.startPolicy()
	e.GET("/", func(ctx echo.Context) error {
		header := ctx.Response().Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "same-origin")
		page.ServeHTTP(ctx.Response(), ctx.Request())
		return nil
	})
	e.GET("/start/static/*", func(ctx echo.Context) error {
		name := ctx.Param("*")
		file, ok := web.Named("start/" + name)
		if !ok || strings.HasSuffix(name, ".html") {
			return echo.ErrNotFound
		}
		file.ServeHTTP(ctx.Response(), ctx.Request())
		return nil
	})
	return nil
}

// startPage is the page for this server: it says which keys are taken.
func (s *Server) startPage() (*web.File, error) {
	parsed, err := template.New("start").Parse(string(builtFile("start/index.html").Body()))
	if err != nil {
		return nil, err
	}
	keys := "registered"
	if s.Keys.TakesAny() {
		keys = "any"
	}
	var page bytes.Buffer
	if err := parsed.Execute(&page, struct{ Keys string }{keys}); err != nil {
		return nil, err
	}
	return web.NewFile("index.html", page.Bytes()), nil
}

// startPolicy is the page's Content-Security-Policy: this server's own files, and the modal in a frame. The script finds that
// at the public URL.
func (s *Server) startPolicy() string {
	frames := "'self'"
	if s.PublicURL != "" {
		frames += " " + origin(s.PublicURL)
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src " +
		frames + "; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}
