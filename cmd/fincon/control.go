package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"fincon/gen"
	"fincon/gen/control"
)

// tenantKey is whom a command acts for.
type tenantKey struct {
	Key string `help:"An API key of the tenant." default:"sk_test_123" placeholder:"KEY"`
}

// authorize puts the key into a request.
func (k tenantKey) authorize(_ context.Context, request *http.Request) error {
	request.SetBasicAuth(k.Key, "")
	return nil
}

// controlURL is where a server is controlled.
type controlURL struct {
	ControlURL string `name:"control-url" help:"Where the server is controlled." default:"http://${control}" placeholder:"URL"`
}

func (c controlURL) client(options ...control.ClientOption) (*control.Client, error) {
	if fault := urlFault(c.ControlURL); fault != "" {
		return nil, configFaults{"--control-url " + fault}
	}
	return control.NewClient(c.ControlURL, options...)
}

// explain says what to do when nobody answers.
func (c controlURL) explain(err error) error {
	if unreachable(err) {
		return fmt.Errorf("no server is controlled at %s: start it with --test-clock, and give its control address as --control-url "+
			"if it is another (%w)", c.ControlURL, err)
	}
	if refused, ok := errors.AsType[*refusal](err); ok && refused.status == http.StatusNotFound && refused.fault.Code == nil {
		return fmt.Errorf("%s is not where a server is controlled: give its control address as --control-url, which it says when it "+
			"is started with --test-clock", c.ControlURL)
	}
	return err
}

// serverURL is where the API is.
type serverURL struct {
	Server string `help:"Where the server is." default:"http://127.0.0.1:12111" placeholder:"URL"`
}

func (s serverURL) client(options ...gen.ClientOption) (*gen.Client, error) {
	if fault := urlFault(s.Server); fault != "" {
		return nil, configFaults{"--server " + fault}
	}
	return gen.NewClient(s.Server, options...)
}

func (s serverURL) explain(err error) error {
	if unreachable(err) {
		return fmt.Errorf("no server answers at %s: start one with `fincon serve`, and give its address as --server if it is "+
			"another (%w)", s.Server, err)
	}
	return err
}

func urlFault(text string) string {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return fmt.Sprintf("%q is no URL such as http://127.0.0.1:12111", text)
	}
	return ""
}

// unreachable tells whether there was no connection.
func unreachable(err error) bool {
	operation, ok := errors.AsType[*net.OpError](err)
	return ok && operation.Op == "dial"
}

// refusal is an answer that is an error.
type refusal struct {
	status int
	fault  control.APIError // both documents have the same
}

func (r *refusal) Error() string {
	if r.fault.Param != nil {
		return fmt.Sprintf("%s (%s)", r.fault.Message, *r.fault.Param)
	}
	return r.fault.Message
}

// receive reads an answer into a value, nil for one that has none.
func receive(response *http.Response, err error, into any) error {
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("the answer was cut off: %w", err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		var answer control.Error
		if json.Unmarshal(body, &answer) != nil || answer.Error.Message == "" {
			return fmt.Errorf("%s answered %s, which is not how fincon answers", response.Request.URL.Host, response.Status)
		}
		return &refusal{response.StatusCode, answer.Error}
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s gave an answer that is not fincon's: %w", response.Request.URL.Host, err)
	}
	return nil
}

type settleCommand struct{ controlURL }

// Run waits until nothing is left to do.
func (c *settleCommand) Run(ctx context.Context, io streams) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var clock control.Clock
	response, err := client.Settle(ctx)
	if err := receive(response, err, &clock); err != nil {
		return c.explain(err)
	}
	printClock(io, clock)
	return nil
}

type resetCommand struct {
	controlURL
	tenantKey
}

// Run removes everything of the tenant.
func (c *resetCommand) Run(ctx context.Context, io streams) error {
	client, err := c.client(control.WithRequestEditorFn(c.authorize))
	if err != nil {
		return err
	}
	response, err := client.ResetTenant(ctx, nil)
	if err := receive(response, err, nil); err != nil {
		return c.explain(err)
	}
	fmt.Fprintln(io.out, "everything of the tenant is removed")
	return nil
}

// when shows a time of the API.
func when(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

// oneLine keeps what others have named on its line.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}
