package impl

import (
	"github.com/labstack/echo/v4"

	"fincon/web"
)

// serveModal serves the page that runs the linking flow: in frames of those pages that the policy names, or in none.
// Which session it is for, the page is told where no server can see it: behind the #, or by the page around its frame.
func serveModal(ancestors string) echo.HandlerFunc {
	page := builtFile("modal/index.html")
	policy := "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
		"form-action 'none'; base-uri 'none'; frame-ancestors " + ancestors
	return func(ctx echo.Context) error {
		header := ctx.Response().Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		if ancestors == "'none'" {
			header.Set("X-Frame-Options", "DENY")
		}
		page.ServeHTTP(ctx.Response(), ctx.Request())
		return nil
	}
}

func builtFile(name string) *web.File {
	file, ok := web.Named(name)
	if !ok {
		panic(name + " is not built: `make web` builds it")
	}
	return file
}
