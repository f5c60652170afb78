package tests

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/impl"
	"fincon/tests/harness"
)

// hostile are requests that cost their sender little.
func hostile() map[string]harness.Request {
	form := func(body string) harness.Request { return harness.Request{Body: body} }
	object := func(body string) harness.Request { return harness.Request{Body: body, Type: harness.JSONType} }
	fill := func(text string) string { return strings.Repeat(text, impl.MaxBody/len(text)) }
	return map[string]harness.Request{
		"a value of 1 MB":                    form("return_url=" + fill("x")[20:]),
		"a name of 1 MB":                     form(fill("x")),
		"a name of brackets":                 form(fill("[")),
		"pairs of brackets":                  form("a" + fill("[]")[2:]),
		"100,000 pairs":                      form(strings.Repeat("a=b&", 100_000)),
		"separators alone":                   form(fill("&")),
		"1,000 long names":                   form(names(1000, 1000)),
		"1,000 deep names":                   form(strings.Repeat("a[b][c][d][e][f][g][h][i]=1&", 900)),
		"1,000 arrays in arrays":             form(strings.Repeat("permissions[999][999][999][999]=1&", 900)),
		"an array of 30,000":                 form(strings.Repeat("permissions[]=balances&", 30_000)),
		"an array of 900":                    form(minimal + "&" + strings.Repeat("permissions[]=balances&", 900)),
		"a huge index":                       form("permissions[20000000]=x"),
		"an index beyond all numbers":        form("permissions[" + strings.Repeat("9", 900) + "]=x"),
		"an open bracket":                    form("permissions[0"),
		"nested deeply":                      form("account_holder" + strings.Repeat("[x]", 300_000) + "=1"),
		"escapes":                            form("return_url=" + fill("%41")[20:]),
		"escapes that are none":              form(fill("%")),
		"a body beyond the limit":            form(strings.Repeat("x", 10<<20)),
		"JSON: lists in lists":               object(fill("[")),
		"JSON: objects in objects":           object(fill(`{"a":`)),
		"JSON: 9,000 deep":                   object(strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000)),
		"JSON: a list of 90,000":             object(`{"permissions":["x"` + strings.Repeat(`,"balances"`, 90_000) + `]}`),
		"JSON: a list of 100,000 bad values": object(`{"permissions":[0` + strings.Repeat(`,0`, 100_000) + `]}`),
		"JSON: 50,000 unknown names":         object(properties(50_000)),
		"JSON: one name, again and again":    object(`{"a":1` + strings.Repeat(`,"a":1`, 100_000) + `}`),
		"JSON: a long number":                object(`{"limits":{"accounts":` + fill("9")[40:] + `}}`),
		"JSON: a huge exponent":              object(`{"limits":{"accounts":1e999999999}}`),
		"JSON: a text of escapes":            object(`{"return_url":"` + fill(`\u0041`)[40:] + `"}`),
		"a query of 30,000 bytes":            {Path: harness.Sessions + "/fcsess_x?" + strings.Repeat("expand[]=a.b.c&", 2000)},
		"an id of 30,000 bytes":              {Path: harness.Sessions + "/" + strings.Repeat("x", 30_000)},
	}
}

// names is a form of many different names of a length.
func names(count, length int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "%0*d=&", length, i)
	}
	return strings.TrimSuffix(b.String(), "&")
}

func properties(count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, `,"a%d":1`, i)
	}
	return "{" + b.String()[1:] + "}"
}

// No request costs the server more than this.
const (
	hostileTime   = 50 * time.Millisecond
	hostileMemory = 20 << 20
	hostileTries  = 5 // the best counts: the machine does other things too
)

// This test measures, and so does not run beside others.
func TestHostile(t *testing.T) {
	process := harness.Run(t, "--db", ":memory:", "--log-level", "error")
	server := harness.Start(t, harness.Memory)
	for name, request := range hostile() {
		t.Run(name, func(t *testing.T) {
			best, least := time.Hour, uint64(1<<62)
			for range hostileTries {
				start := time.Now()
				requireRefused(t, process.Send(t, request))
				best = min(best, time.Since(start))

				before := allocated()
				requireRefused(t, server.Send(t, request))
				least = min(least, allocated()-before)
			}
			t.Logf("%v, %d kB", best, least>>10)
			require.Less(t, best, hostileTime)
			require.Less(t, least, uint64(hostileMemory))
		})
	}
	process.Create(t, minimal)
	server.Create(t, minimal)
}

// requireRefused checks that the request was understood to be wrong, in few words.
func requireRefused(t *testing.T, answer harness.Answer) {
	t.Helper()
	require.Contains(t, []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge}, answer.Status, answer.Body)
	require.Equal(t, "invalid_request_error", answer.Error(t).Type)
	require.Less(t, len(answer.Body), 5000)
}

// allocated is how much memory the test's process has asked for so far, in bytes.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

// A crowd of such requests keeps nobody else from being served.
func TestHostileCrowd(t *testing.T) {
	process := harness.Run(t, "--db", ":memory:", "--log-level", "error")
	for name, request := range hostile() {
		answers := concurrently(t, 9, func(i int) (harness.Answer, error) {
			if i == 0 {
				return process.Do(harness.Request{Body: minimal})
			}
			return process.Do(request)
		})
		require.Equal(t, http.StatusOK, answers[0].Status, name)
		for _, answer := range answers[1:] {
			requireRefused(t, answer)
		}
	}
}
