// Package activity remembers what happened lately in test mode, for people who look on. It is kept in memory, a bounded
// number of entries for each of a bounded number of tenants: those that were busy last.
package activity

import (
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// What is remembered at most.
const (
	Entries = 200 // of each tenant
	Tenants = 100
)

// Request is a request that was answered.
type Request struct {
	ID, Method, Path string
	Operation        string // the document's name for it, "" when there is none
	Status           int
	Answered         int64 // Unix seconds, by the server's clock
	Took             time.Duration
	IdempotencyKey   bool
	Fault            *Fault // nil when there was none
}

// Fault is what an answer said was wrong.
type Fault struct{ Type, Code, Param, Message string }

// Attempt is an attempt to deliver an event to a webhook endpoint.
type Attempt struct {
	Event, EventType, Endpoint string // ids
	Number                     int    // 1 for the first
	Ended                      int64  // Unix seconds, by the server's clock
	Took                       time.Duration
	Delivered                  bool
	Status                     int    // the answer's HTTP status, 0 when there was no answer
	Trouble                    string // why there was none
}

// Log remembers entries of one kind. It is safe for concurrent use.
type Log[T any] struct {
	mu      sync.Mutex
	tenants *simplelru.LRU[string, *ring[T]]
}

// ring is the latest entries of one tenant; it grows until it is full.
type ring[T any] struct {
	entries []T
	next    int // where the next one goes when it is full: the oldest is there
}

// NewLog makes an empty log.
func NewLog[T any]() *Log[T] {
	tenants, err := simplelru.NewLRU[string, *ring[T]](Tenants, nil)
	if err != nil {
		panic(err) // the bound is positive
	}
	return &Log[T]{tenants: tenants}
}

// Add remembers an entry of a tenant in test mode.
func (l *Log[T]) Add(tenant string, entry T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.tenants.Get(tenant)
	if !ok {
		r = new(ring[T])
		l.tenants.Add(tenant, r)
	}
	if len(r.entries) < Entries {
		r.entries = append(r.entries, entry)
		return
	}
	r.entries[r.next] = entry
	r.next = (r.next + 1) % Entries
}

// Latest is what is remembered of a tenant, newest first.
func (l *Log[T]) Latest(tenant string) []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.tenants.Peek(tenant) // looking on keeps nobody busy
	if !ok {
		return nil
	}
	latest := make([]T, len(r.entries))
	for i := range latest {
		latest[len(latest)-1-i] = r.entries[(r.next+i)%len(r.entries)]
	}
	return latest
}

// Forget removes what is remembered of a tenant and of its connected accounts.
func (l *Log[T]) Forget(tenant string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range l.tenants.Keys() {
		if name == tenant || strings.HasPrefix(name, tenant+"/") {
			l.tenants.Remove(name)
		}
	}
}
