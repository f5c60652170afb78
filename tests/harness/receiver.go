package harness

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Delivery is one request that a receiver got.
type Delivery struct {
	Header http.Header
	Body   []byte
	At     time.Time // by the server's clock, if the receiver knows it
}

// Receiver is a webhook endpoint's other side: a real HTTP server that keeps what it gets.
type Receiver struct {
	URL string

	t      testing.TB
	now    func() time.Time
	mu     sync.Mutex
	answer http.HandlerFunc
	got    []Delivery
}

// NewReceiver starts a receiver that answers 200. now is the time to note deliveries by, such as a server's Clock.Now.
func NewReceiver(t testing.TB, now func() time.Time) *Receiver {
	t.Helper()
	r := &Receiver{t: t, now: now}
	r.Answer(func(http.ResponseWriter, *http.Request) {})
	web := httptest.NewServer(r)
	t.Cleanup(web.Close)
	r.URL = web.URL
	return r
}

// Answer changes what the receiver answers from now on.
func (r *Receiver) Answer(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// ServeHTTP notes the delivery and answers it.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the sender is gone
	}
	r.mu.Lock()
	r.got = append(r.got, Delivery{Header: request.Header.Clone(), Body: body, At: r.now()})
	answer := r.answer
	r.mu.Unlock()
	answer(w, request)
}

// Deliveries is what the receiver got so far, in the order in which it came.
func (r *Receiver) Deliveries() []Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// Forget drops what the receiver got.
func (r *Receiver) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = nil
}

// Await waits until the receiver has got at least count deliveries.
func (r *Receiver) Await(count int) []Delivery {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return len(r.Deliveries()) >= count }, 2*patience, 5*time.Millisecond)
	return r.Deliveries()
}
