// Bare is the yardstick of the benchmark: an echo server that answers every create and every retrieve with the same
// session, and does nothing else.
package main

import (
	_ "embed"
	"flag"
	"log"
	"net/http"

	"github.com/labstack/echo/v4"
)

//go:embed session.json
var session []byte

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address to listen on")
	flag.Parse()

	e := echo.New()
	e.HideBanner = true
	e.HidePort = true
	e.POST("/v1/financial_connections/sessions", answer)
	e.GET("/v1/financial_connections/sessions/:session", answer)
	log.Fatal(e.Start(*listen))
}

func answer(c echo.Context) error {
	return c.JSONBlob(http.StatusOK, session)
}
