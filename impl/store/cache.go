package store

import (
	"strings"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	cacheMaxRow   = 4 << 10  // bytes; a larger row is not kept
	cacheMaxBytes = 16 << 20 // of all rows together
)

type cacheKey struct {
	scope Scope
	id    string
}

// cached is a row as the cache holds it. It is shared: nobody changes it.
type cached interface {
	size() int // in bytes, about
}

// sessionBody is a session's row.
type sessionBody []byte

func (b sessionBody) size() int { return len(b) }

func (a *Account) size() int {
	return len(a.ID) + len(a.Holder) + len(a.Authorization) + len(a.BankKey) + len(a.Body) + len(a.State)
}

// cache holds the rows that were read or written last. It is coherent with a database of which this process is the
// sole writer. The writer calls committing before and committed after each commit, in the order of the commits, and
// committed has put the new rows here before anybody is told. What remains is the reader that read the old row
// before a commit and comes to add it after: get hands out the epoch, which every commit with an update moves on, and
// add refuses a row of an earlier epoch, and any row while such a commit is under way. Inserts need none of that,
// as nothing is kept about rows that are not there.
type cache struct {
	mu       sync.Mutex
	entries  *simplelru.LRU[cacheKey, cached] // nil: no cache
	bytes    int
	epoch    uint64
	updating int // transactions with an update between committing and committed
}

func newCache(entries int) *cache {
	c := &cache{}
	if entries > 0 {
		// The error is about a size that is not positive.
		c.entries, _ = simplelru.NewLRU(entries, func(_ cacheKey, row cached) { c.bytes -= row.size() })
	}
	return c
}

func (c *cache) get(key cacheKey) (row cached, epoch uint64, ok bool) {
	if c.entries == nil {
		return nil, 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	row, ok = c.entries.Get(key)
	return row, c.epoch, ok
}

// add keeps a row that was read from the database after get returned epoch.
func (c *cache) add(key cacheKey, row cached, epoch uint64) {
	if c.entries == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch == epoch && c.updating == 0 {
		c.put(key, row)
	}
}

func (c *cache) committing(changes []change) {
	if c.entries == nil || !updates(changes) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.updating++
}

func (c *cache) committed(changes []change, err error) {
	if c.entries == nil || len(changes) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if updates(changes) {
		c.updating--
		c.epoch++
	}
	for _, change := range changes {
		if change.reset {
			c.forget(change.key.scope.Tenant)
		} else if err != nil || change.row == nil {
			c.entries.Remove(change.key) // what is kept now is for the database to say
		} else {
			c.put(change.key, change.row)
		}
	}
}

func (c *cache) put(key cacheKey, row cached) {
	c.entries.Remove(key)
	if row.size() > cacheMaxRow {
		return
	}
	c.entries.Add(key, row)
	for c.bytes += row.size(); c.bytes > cacheMaxBytes; {
		c.entries.RemoveOldest()
	}
}

// forget removes what is kept of a tenant and its connected accounts.
func (c *cache) forget(tenant string) {
	for _, key := range c.entries.Keys() {
		if key.scope.Tenant == tenant || strings.HasPrefix(key.scope.Tenant, tenant+connected) {
			c.entries.Remove(key)
		}
	}
}

func updates(changes []change) bool {
	for _, change := range changes {
		if change.update {
			return true
		}
	}
	return false
}

func (t *Tx) changed(c change) {
	if t.store.cache.entries != nil {
		t.changes = append(t.changes, c)
	}
}
