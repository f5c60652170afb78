package impl

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"

	"github.com/labstack/echo/v4"

	"fincon/impl/apierror"
	"fincon/impl/bank"
	"fincon/impl/link"
)

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// servePages adds the pages that a person comes to in the linking flow. They need no key: the URLs of those that show
// something hold a ticket that only this server can make.
func (s *Server) servePages(e *echo.Echo) {
	// Nobody is signed in here, so another site could have a form sent only if it knew the ticket. It may not even then.
	foreign := http.NewCrossOriginProtection()
	if s.PublicURL != "" {
		if err := foreign.AddTrustedOrigin(origin(s.PublicURL)); err != nil {
			s.Log.Warn("the public URL has no origin", "cause", err)
		}
	}
	e.GET(link.CallbackPath, s.oauthCallback)
	e.GET(link.SignInPath, s.showSignIn)
	e.POST(link.SignInPath, func(ctx echo.Context) error {
		if foreign.Check(ctx.Request()) != nil {
			return s.showMessage(ctx, http.StatusForbidden, message{Title: "This form was sent by another site",
				Text: "Nothing was done. Close this window and begin again where you came from."})
		}
		return s.answerSignIn(ctx)
	})
	e.GET(link.SuccessPath, s.fixedPage(message{Title: "You're done", Text: "Your accounts are linked. You can close this window."}))
	e.GET(link.CancelPath, s.fixedPage(message{Title: "Nothing was linked", Text: "You can close this window."}))
	e.GET(link.ModalPath, serveModal("http: https:"))
	e.GET(link.FlowPath, serveModal("'none'"))
	e.GET("/link/static/modal.css", echo.WrapHandler(builtFile("modal/main.css")))
	e.GET("/link/static/modal.js", echo.WrapHandler(builtFile("modal/main.js")))
	e.GET("/link/static/link.css", servePageFile("text/css; charset=utf-8", "pages/link.css"))
	e.GET("/link/static/close.js", servePageFile("text/javascript; charset=utf-8", "pages/close.js"))
}

// origin is the part of a URL that browsers compare.
func origin(text string) string {
	parsed, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return parsed.Scheme + "://" + parsed.Host
}

func servePageFile(contentType, name string) echo.HandlerFunc {
	body, err := pageFiles.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return func(ctx echo.Context) error {
		ctx.Response().Header().Set("X-Content-Type-Options", "nosniff")
		ctx.Response().Header().Set("Cache-Control", "public, max-age=3600")
		return ctx.Blob(http.StatusOK, contentType, body)
	}
}

// message is a page that only says something.
type message struct {
	Title, Text string
	Close       bool // the window closes by itself, if a page opened it
}

func (s *Server) fixedPage(page message) echo.HandlerFunc {
	return func(ctx echo.Context) error { return s.showMessage(ctx, http.StatusOK, page) }
}

func (s *Server) showMessage(ctx echo.Context, status int, page message) error {
	return s.render(ctx, status, "message.html", page, "")
}

// render writes a page. It runs no script but this server's files, loads nothing from elsewhere, stands in no frame, and
// its forms go to this server and, where the answer to one leads on, to that place.
func (s *Server) render(ctx echo.Context, status int, name string, page any, leadsTo string) error {
	header := ctx.Response().Header()
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; form-action 'self'"+
		formTarget(leadsTo)+"; base-uri 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "same-origin") // with none at all, browsers do not say where a form comes from
	header.Set("Content-Type", "text/html; charset=utf-8")
	ctx.Response().WriteHeader(status)
	return pages.ExecuteTemplate(ctx.Response(), name, page)
}

var plainHost = regexp.MustCompile(`^[A-Za-z0-9.\-]+(:[0-9]+)?$`)

// formTarget is a URL as a policy names it. Browsers hold redirects after a form against the policy too.
func formTarget(target string) string {
	if target == "" {
		return ""
	}
	parsed, err := url.Parse(target)
	switch {
	case err != nil:
		return ""
	case (parsed.Scheme == "http" || parsed.Scheme == "https") && plainHost.MatchString(parsed.Host):
		return " " + parsed.Scheme + "://" + parsed.Host
	}
	return " " + parsed.Scheme + ":"
}

// signInPage is the hosted form.
type signInPage struct {
	Title, Problem string
	Livemode       bool
	Questions      []bank.Question
}

// showSignIn shows the hosted form, or leads on when the sign-in is over.
func (s *Server) showSignIn(ctx echo.Context) error {
	page, err := s.links.FormPage(ctx.Request().Context(), ctx.QueryParam("token"))
	if err != nil {
		return s.showFault(ctx, err)
	}
	if page.Landing != nil {
		return s.land(ctx, *page.Landing)
	}
	shown := signInPage{Title: "Sign in at " + page.Institution, Livemode: page.Livemode, Questions: page.Questions}
	for _, question := range page.Questions {
		if question.Error != "" {
			shown.Problem = "Check what you have entered."
		}
	}
	return s.render(ctx, http.StatusOK, "sign_in.html", shown, page.Return)
}

// answerSignIn takes the hosted form's answers, and has the page shown anew.
func (s *Server) answerSignIn(ctx echo.Context) error {
	request, token := ctx.Request(), ctx.QueryParam("token")
	const maxForm = 64 << 10
	request.Body = http.MaxBytesReader(ctx.Response(), request.Body, maxForm)
	if err := request.ParseForm(); err != nil {
		return s.showFault(ctx, apierror.Invalid("", "The form could not be read."))
	}
	var err error
	if request.PostForm.Has("leave") {
		err = s.links.LeavePage(request.Context(), token)
	} else {
		answers := make(map[string]string, len(request.PostForm))
		for name := range request.PostForm {
			answers[name] = request.PostForm.Get(name)
		}
		err = s.links.AnswerPage(request.Context(), token, answers)
	}
	if err != nil {
		return s.showFault(ctx, err)
	}
	return ctx.Redirect(http.StatusSeeOther, link.SignInPath+"?"+url.Values{"token": {token}}.Encode())
}

// oauthCallback is where a bank sends a person back to.
func (s *Server) oauthCallback(ctx echo.Context) error {
	landing, err := s.links.Callback(ctx.Request().Context(), ctx.QueryParams())
	if err != nil {
		return s.showFault(ctx, err)
	}
	return s.land(ctx, landing)
}

// land sends the person on, or says that they are done here.
func (s *Server) land(ctx echo.Context, landing link.Landing) error {
	if landing.Redirect != "" {
		ctx.Response().Header().Set("Referrer-Policy", "no-referrer")
		ctx.Response().Header().Set("Cache-Control", "no-store")
		return ctx.Redirect(http.StatusSeeOther, landing.Redirect)
	}
	page := message{Close: true, Title: "You're signed in", Text: "You can close this window and go on where you came from."}
	switch landing.Result {
	case link.Failure:
		page.Title = "Signing in did not work"
		page.Text = fmt.Sprintf("%s did not let you in. You can close this window and try again where you came from.", landing.Institution)
	case link.Canceled:
		page.Title = "You did not sign in"
		page.Text = "Nothing was shared. You can close this window and try again where you came from."
	}
	return s.showMessage(ctx, http.StatusOK, page)
}

// showFault says on a page what went wrong.
func (s *Server) showFault(ctx echo.Context, err error) error {
	if fault, ok := errors.AsType[*apierror.Error](err); ok {
		return s.showMessage(ctx, fault.Status, message{Title: "This cannot be done any more", Text: fault.Message})
	}
	requestID := ctx.Response().Header().Get("Request-Id")
	s.Log.Error("a page of the linking flow", "request", requestID, "cause", err)
	return s.showMessage(ctx, http.StatusInternalServerError, message{Title: "Something went wrong here",
		Text: "Try again in a moment. The server's log tells more, under " + requestID + "."})
}
