package impl

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"fincon/impl/apierror"
)

// wellFormedVersion is a date and an optional release name, as they are published, and betas after semicolons.
var wellFormedVersion = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(\.[a-z]+)?` +
	`( *; *[a-z][a-z0-9_]*=v[0-9]+)*$`)

// version takes any well-formed Stripe-Version, and answers in the document's when none is given. The API is the same in
// all of them; what was renamed between releases is taken and answered in the spelling of the request.
func (s *Server) version(ctx echo.Context) error {
	if !isAPI(ctx.Request()) {
		return nil
	}
	version := ctx.Request().Header.Get("Stripe-Version")
	switch {
	case version == "":
		version = s.contract.Version()
	case version == s.contract.Version():
	case len(version) > 2000 || !wellFormedVersion.MatchString(version):
		shown := strings.ToValidUTF8(version[:min(len(version), 100)], "?")
		return apierror.Invalid("", fmt.Sprintf("Invalid Stripe API version: %s", shown))
	}
	ctx.Response().Header().Set("Stripe-Version", version)
	return nil
}
