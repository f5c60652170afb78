package impl

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"fincon/web"
)

// serveScript adds the script that gives a page Stripe(publishableKey), at the paths under which pages and the official
// loader ask for it: a release has a name, and the first one is "v3".
func (s *Server) serveScript(e *echo.Echo) {
	_, newest, _ := strings.Cut(s.contract.Version(), ".")
	built := builtFile("script/main.js").Body()
	serve := func(release string) echo.HandlerFunc {
		return func(ctx echo.Context) error { return s.script(ctx, built, release) }
	}
	e.GET("/stripe.js", serve(newest))
	e.GET("/v3", serve("v3"))
	e.GET("/v3/", serve("v3"))
	e.GET("/:release/stripe.js", func(ctx echo.Context) error {
		if !releaseName.MatchString(ctx.Param("release")) {
			return echo.ErrNotFound
		}
		return s.script(ctx, built, ctx.Param("release"))
	})
}

var releaseName = regexp.MustCompile(`^[a-z][a-z0-9]{0,31}$`)

// scriptServer is what the script is told of the server that it comes from.
type scriptServer struct {
	URL     string `json:"url"`     // where this server is reached, without a slash at the end
	Release string `json:"release"` // the name that the script was asked for by, which the official loader compares
}

// script serves the script. It is a function of FINCON_SERVER, which is called with what json.Marshal makes: that has no
// character with which a script, or a page that holds one, could be left.
func (s *Server) script(ctx echo.Context, built []byte, release string) error {
	server, err := json.Marshal(scriptServer{URL: s.baseURL(ctx.Request()), Release: release})
	if err != nil {
		return err
	}
	body := slices.Concat([]byte("(FINCON_SERVER=>{"), built, []byte("})("), server, []byte(");\n"))
	header := ctx.Response().Header()
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	header.Set("Cache-Control", "public, max-age=300")
	web.NewFile("stripe.js", body).ServeHTTP(ctx.Response(), ctx.Request())
	return nil
}
