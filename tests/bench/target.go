package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// A target is a kind of server that can be started and put under load.
type target struct {
	name string
	// argv is the command line of a server on addr that keeps its data in db; see place.
	argv func(addr, db string) []string
	// postgres is the URL of the PostgreSQL that the data goes to; empty for a file.
	postgres string
	// check judges a whole answer to a create.
	check func(body []byte) error
	// fixed: every retrieve answers with the same session, whatever was asked for.
	fixed bool
	// allCores: the server has the generator's core too, and shares it.
	allCores bool
}

func bareTarget(bin string) *target {
	return &target{
		name:  "bare echo handler",
		argv:  func(addr, _ string) []string { return []string{bin, "-listen", addr} },
		check: checkSeedSession,
		fixed: true,
	}
}

// bareFileTarget answers everything with a file's bytes.
func bareFileTarget(bin, file string) *target {
	return &target{
		name:  "bare echo handler",
		argv:  func(addr, _ string) []string { return []string{bin, "-listen", addr, "-file", file} },
		fixed: true,
	}
}

func sqliteTarget(bin string) *target {
	return &target{name: "fincon, SQLite", argv: serveArgv(bin), check: checkSeedSession}
}

func postgresTarget(bin, dsn string) *target {
	return &target{name: "fincon, PostgreSQL", argv: serveArgv(bin), postgres: dsn, check: checkSeedSession}
}

func serveArgv(bin string) func(addr, db string) []string {
	return func(addr, db string) []string { return []string{bin, "serve", "--listen", addr, "--db", db} }
}

func mockTarget(bin string) *target {
	return &target{
		name: "stripe-mock",
		// Without an address for HTTPS it would take a fixed port beside the one it is given.
		argv:  func(addr, _ string) []string { return []string{bin, "-http-addr", addr, "-https-addr", "127.0.0.1:0"} },
		check: checkIsSession,
	}
}

// session is what the checks read of an answer.
type session struct {
	ID            string `json:"id"`
	Object        string `json:"object"`
	AccountHolder struct {
		Type     string `json:"type"`
		Customer string `json:"customer"`
	} `json:"account_holder"`
	ClientSecret string `json:"client_secret"`
	Filters      struct {
		Countries []string `json:"countries"`
	} `json:"filters"`
	Permissions []string `json:"permissions"`
}

func checkIsSession(body []byte) error {
	var s session
	if err := json.Unmarshal(body, &s); err != nil {
		return fmt.Errorf("answer is not JSON: %w", err)
	}
	if s.Object != "financial_connections.session" || s.ID == "" || s.ClientSecret == "" {
		return fmt.Errorf("answer is not a session: %.200s", body)
	}
	return nil
}

// checkSeedSession wants the answer to carry what the request asked for.
func checkSeedSession(body []byte) error {
	if err := checkIsSession(body); err != nil {
		return err
	}
	var s session
	if err := json.Unmarshal(body, &s); err != nil {
		return err
	}
	if s.AccountHolder.Type != "customer" || s.AccountHolder.Customer != "cus_NiKSWdaFz2F6I0" ||
		!slices.Equal(s.Filters.Countries, []string{"US"}) ||
		!slices.Equal(s.Permissions, []string{"balances", "payment_method"}) {
		return fmt.Errorf("answer differs from what was asked for: %.600s", body)
	}
	return nil
}

// sessionID finds the id of a session without parsing all of it: the only string that begins with "fcsess_ and is not
// a client secret.
func sessionID(body []byte) ([]byte, error) {
	const prefix = `"fcsess_`
	for rest := body; ; {
		i := bytes.Index(rest, []byte(prefix))
		if i < 0 {
			return nil, fmt.Errorf("answer has no session id: %.200s", body)
		}
		rest = rest[i+1:]
		end := bytes.IndexByte(rest, '"')
		if end > 0 && !bytes.Contains(rest[:end], []byte("secret_")) {
			return rest[:end], nil
		}
	}
}
