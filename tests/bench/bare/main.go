// Bare is the yardstick of the benchmark: an echo server that answers every create and every retrieve with the same
// session, or everything with the bytes of a file, and does nothing else.
package main

import (
	_ "embed"
	"flag"
	"log"
	"net/http"
	"os"

	"github.com/labstack/echo/v4"
)

//go:embed session.json
var session []byte

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address to listen on")
	file := flag.String("file", "", "answer every GET, whatever its path, with the JSON in this file")
	flag.Parse()

	e := echo.New()
	e.HideBanner = true
	e.HidePort = true
	if *file == "" {
		e.POST("/v1/financial_connections/sessions", answer(session))
		e.GET("/v1/financial_connections/sessions/:session", answer(session))
	} else {
		body, err := os.ReadFile(*file)
		if err != nil {
			log.Fatal(err)
		}
		e.GET("/*", answer(body))
	}
	log.Fatal(e.Start(*listen))
}

func answer(body []byte) echo.HandlerFunc {
	return func(c echo.Context) error { return c.JSONBlob(http.StatusOK, body) }
}
