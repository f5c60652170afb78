package harness

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// LossyProxy passes requests on, and drops the connection instead of giving back the first answer under each idempotency
// key: the server has done the work, and the client cannot know.
type LossyProxy struct {
	Target
	server Target
	mu     sync.Mutex
	seen   map[string][]Answer
}

// NewLossyProxy puts a proxy in front of a server.
func NewLossyProxy(t testing.TB, server Target) *LossyProxy {
	t.Helper()
	p := &LossyProxy{server: server, seen: map[string][]Answer{}}
	web := httptest.NewServer(p)
	t.Cleanup(web.Close)
	p.URL = web.URL
	return p
}

// Answers gives what the server answered under each idempotency key, lost answers included.
func (p *LossyProxy) Answers() map[string][]Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.seen)
}

// ServeHTTP passes one request on.
func (p *LossyProxy) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	answer, err := p.forward(request)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if key := request.Header.Get("Idempotency-Key"); key != "" && p.first(key, answer) {
		panic(http.ErrAbortHandler) // which drops the connection
	}
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.Status)
	_, _ = io.WriteString(w, answer.Body)
}

func (p *LossyProxy) forward(request *http.Request) (Answer, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return Answer{}, err
	}
	header := map[string]string{}
	for name := range request.Header {
		header[name] = request.Header.Get(name)
	}
	return p.server.Do(Request{Method: request.Method, Path: request.URL.RequestURI(), Body: string(body), Header: header})
}

// first remembers the answer and tells whether it is the first under its key.
func (p *LossyProxy) first(key string, answer Answer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[key] = append(p.seen[key], answer)
	return len(p.seen[key]) == 1
}
