package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// linkers is how many people link accounts at the same time.
	linkers = 32
	// linkCalls is how many calls of the client protocol a link takes here.
	linkCalls = 10
	// linkInstitution asks for a user name and a password on a form.
	linkInstitution = "bcinst_Jg18xEfPHevfHP"
	clientKey       = "pk_test_bench"
)

// runLink measures whole links: a backend creates a session, and a client takes a person of their own through the client
// protocol, from the consent to the end.
func runLink(ctx context.Context, b *bench) (report, error) {
	found := cells{}
	whole := *b.sqlite
	whole.name, whole.allCores = "fincon, SQLite, both cores", true
	targets := append([]*target{&whole}, b.databases()...)
	for round := range b.rounds {
		for _, t := range targets {
			r, err := b.linkFor(ctx, t)
			if err != nil {
				return report{}, fmt.Errorf("%s: %w", t.name, err)
			}
			b.logf("round %d  %-18s %8s links/s  server %s, generator %s busy", round+1, t.name, thousands(r.perSecond),
				percent(r.usage.server), percent(r.usage.generator))
			found[linkCell(t)] = append(found[linkCell(t)], r)
		}
	}
	return b.reportLink(targets, found), nil
}

func linkCell(t *target) cell { return cell{server: t, operation: "link", connections: linkers} }

// linkFor links on a fresh database for as long as a measurement takes.
func (b *bench) linkFor(ctx context.Context, t *target) (result, error) {
	s, err := b.start(ctx, t)
	if err != nil {
		return result{}, err
	}
	defer s.stop()
	from := time.Now().Add(b.warmup)
	m := &meter{from: from, end: from.Add(b.window)}
	usage := watchUsage(s.process(), m.from)
	clients := make([]*client, linkers)
	var people sync.WaitGroup
	for i := range clients {
		clients[i] = &client{}
		people.Go(func() {
			l := newLinker("http://" + s.addr)
			defer l.http.CloseIdleConnections()
			for n := 0; time.Now().Before(m.end) && ctx.Err() == nil; n++ {
				began := time.Now()
				if err := l.link(ctx, fmt.Sprintf("cus_%d_%d", i, n)); err != nil {
					m.fail(err)
					return
				}
				if ended := time.Now(); began.After(m.from) && ended.Before(m.end) {
					clients[i].latencies = append(clients[i].latencies, ended.Sub(began))
				}
			}
		})
	}
	people.Wait()
	r := summarize(clients, b.window)
	r.usage = usage()
	r.disturbed = r.usage.others >= disturbedFrom && t != b.postgres && !t.allCores
	b.measured++
	if r.disturbed {
		b.disturbed++
	}
	if err := ctx.Err(); err != nil {
		return r, err
	}
	return r, m.failure()
}

// linker is a client of the linking flow.
type linker struct {
	base   string
	http   *http.Client
	secret string
}

func newLinker(base string) *linker {
	return &linker{base: base, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}, Timeout: stallLimit}}
}

// link takes a customer through a whole flow: the calls of the happy path.
func (l *linker) link(ctx context.Context, customer string) error {
	var session struct {
		ClientSecret string `json:"client_secret"`
	}
	form := strings.Replace(createForm, "cus_NiKSWdaFz2F6I0", customer, 1)
	if err := l.send(ctx, benchKey, sessionsPath, form, &session); err != nil {
		return err
	}
	l.secret = session.ClientSecret
	var signIn struct{ ID string }
	var offers struct{ Data []struct{ ID string } }
	var receipt struct {
		Accounts struct{ Data []struct{ ID string } }
	}
	chosen := func() string { return offers.Data[0].ID }
	for _, call := range []struct {
		path   string
		params func() url.Values
		into   any
	}{
		{"financial_connections/sessions/synchronize", func() url.Values { return url.Values{"locale": {"en-US"}} }, nil},
		{"link_account_sessions/consent_acquired", nil, nil},
		{"connections/featured_institutions", nil, nil},
		{"connections/auth_sessions", func() url.Values { return url.Values{"institution": {linkInstitution}} }, &signIn},
		{"connections/auth_sessions/events", func() url.Values { return url.Values{"id": {signIn.ID}} }, nil},
		{"connections/auth_sessions/answers", func() url.Values {
			return url.Values{"id": {signIn.ID}, "answers[username]": {"jane"}, "answers[password]": {"swordfish"}}
		}, nil},
		{"connections/auth_sessions/accounts", func() url.Values { return url.Values{"id": {signIn.ID}} }, &offers},
		{"connections/auth_sessions/selected_accounts", func() url.Values {
			return url.Values{"id": {signIn.ID}, "selected_accounts[0]": {chosen()}}
		}, nil},
		{"link_account_sessions/complete", nil, nil},
		{"link_account_sessions/session_receipt", nil, &receipt},
	} {
		values := url.Values{}
		if call.params != nil {
			values = call.params()
		}
		values.Set("client_secret", l.secret)
		if err := l.send(ctx, clientKey, "/v1/"+call.path, values.Encode(), call.into); err != nil {
			return err
		}
		if call.into == &offers && len(offers.Data) == 0 {
			return fmt.Errorf("the institution offers no accounts")
		}
	}
	if len(receipt.Accounts.Data) != 1 {
		return fmt.Errorf("%d accounts were linked instead of one", len(receipt.Accounts.Data))
	}
	return nil
}

// readByGet are the calls that only read.
var readByGet = []string{"/v1/connections/featured_institutions", "/v1/link_account_sessions/session_receipt"}

func (l *linker) send(ctx context.Context, key, path, form string, into any) error {
	method, body := http.MethodPost, io.Reader(strings.NewReader(form))
	target := l.base + path
	if slices.Contains(readByGet, path) {
		method, body, target = http.MethodGet, nil, target+"?"+form
	}
	request, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	if body != nil {
		request.Header.Set("Content-Type", formType)
	}
	response, err := l.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d: %.300s", path, response.StatusCode, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

func (b *bench) reportLink(targets []*target, found cells) report {
	rep := report{table: newTable("server", "links/s", "calls/s", "p50", "p99", "server busy", "generator busy", "quiet rounds")}
	for _, t := range targets {
		all := found[linkCell(t)]
		var p50, p99 []time.Duration
		var server, generator []float64
		for _, r := range quiet(all) {
			p50, p99 = append(p50, r.p50), append(p99, r.p99)
			server, generator = append(server, r.usage.server), append(generator, r.usage.generator)
		}
		calm := 0
		for _, r := range all {
			if !r.disturbed {
				calm++
			}
		}
		rate := median(found.rates(linkCell(t)))
		rep.table.add(t.name, thousands(rate), thousands(rate*(linkCalls+1)), millis(median(p50)), millis(median(p99)),
			percent(median(server)), percent(median(generator)), fmt.Sprintf("%d of %d", calm, len(all)))
	}
	rep.notef("%d people at once, each a customer of their own, on a fresh database in each round. A link is the session's "+
		"creation by the backend and %d calls of the client; times are of whole links. Every status was checked, and that one "+
		"account was linked.", linkers, linkCalls)
	rep.notef("With both cores the server shares the second one with the load generator, as on a machine of this size.")
	rate := median(found.rates(linkCell(targets[0])))
	rep.numbers = []number{{"full links per second on this machine, SQLite", "at least 500", thousands(rate), verdictOf(rate >= 500)}}
	return rep
}
