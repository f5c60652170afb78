package impl_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/impl"
	"fincon/impl/apikey"
	"fincon/impl/bank"
	"fincon/impl/bank/sandbox"
	"fincon/impl/clock"
	"fincon/impl/store/sqlite"
	"fincon/impl/vault"
)

const seedForm = "account_holder%5Btype%5D=customer&account_holder%5Bcustomer%5D=cus_NiKSWdaFz2F6I0" +
	"&permissions%5B0%5D=payment_method&permissions%5B1%5D=balances&filters%5Bcountries%5D%5B0%5D=US"

func newServer(t testing.TB) *impl.Server {
	t.Helper()
	kept, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "fincon.db"), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	server, err := impl.New(impl.Config{
		Store: kept, Keys: apikey.Open(), Clock: clock.Real(), Banks: bank.NewDirectory(t.Context(), sandbox.New(time.Now)),
		Vault: vault.Random(), Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return server
}

func call(server http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer sk_test_123")
	if body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	server.ServeHTTP(recorder, request)
	return recorder
}

// What a request costs without the network; with -cpu 1 and -cpuprofile this is where to look first.
func BenchmarkCreateSession(b *testing.B) {
	server := newServer(b)
	b.ReportAllocs()
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			answer := call(server, http.MethodPost, "/v1/financial_connections/sessions", seedForm,
				"Idempotency-Key", fmt.Sprintf("%p-%d", pb, i))
			if answer.Code != http.StatusOK {
				b.Error(answer.Body.String())
			}
		}
	})
}

func BenchmarkRetrieveSession(b *testing.B) {
	server := newServer(b)
	created := call(server, http.MethodPost, "/v1/financial_connections/sessions", seedForm)
	require.Equal(b, http.StatusOK, created.Code)
	id, _, _ := strings.Cut(created.Body.String()[len("{\n  \"id\": \""):], `"`)
	b.ReportAllocs()
	for b.Loop() {
		if answer := call(server, http.MethodGet, "/v1/financial_connections/sessions/"+id, ""); answer.Code != http.StatusOK {
			b.Fatal(answer.Body.String())
		}
	}
}
