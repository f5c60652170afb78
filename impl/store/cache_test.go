package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCacheRefusesWhatWasReadBeforeACommit(t *testing.T) {
	t.Parallel()
	key := cacheKey{Scope{Tenant: "one"}, "fcsess_1"}
	updated := []change{{key: key, body: []byte("new"), update: true}}
	other := []change{{key: cacheKey{id: "fcsess_2"}, body: []byte("other")}}

	for name, test := range map[string]struct {
		steps func(c *cache, epoch uint64)
		kept  string // what the cache answers, "" for a miss
	}{
		"added with nothing between":         {func(c *cache, epoch uint64) { c.add(key, []byte("old"), epoch) }, "old"},
		"added while an update is committed": {func(c *cache, epoch uint64) { c.committing(updated); c.add(key, []byte("old"), epoch) }, ""},
		"added after the update was committed": {func(c *cache, epoch uint64) {
			c.committing(updated)
			c.committed(updated, nil)
			c.add(key, []byte("old"), epoch)
		}, "new"},
		"added after it was committed and dropped": {func(c *cache, epoch uint64) {
			c.committing(updated)
			c.committed(updated, nil)
			c.entries.Purge()
			c.add(key, []byte("old"), epoch)
		}, ""},
		"added after a commit that failed": {func(c *cache, epoch uint64) {
			c.committing(updated)
			c.committed(updated, errors.New("disk full"))
			c.add(key, []byte("old"), epoch)
		}, ""},
		"in the cache when a commit fails": {func(c *cache, epoch uint64) {
			c.add(key, []byte("old"), epoch)
			c.committing(updated)
			c.committed(updated, errors.New("disk full"))
		}, ""},
		"added while a session is inserted": {func(c *cache, epoch uint64) {
			c.committing(other)
			c.add(key, []byte("old"), epoch)
			c.committed(other, nil)
		}, "old"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCache(10)
			_, epoch, ok := c.get(key)
			require.False(t, ok)
			test.steps(c, epoch)
			body, _, _ := c.get(key)
			require.Equal(t, test.kept, string(body))
		})
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := newCache(rapid.IntRange(1, 6000).Draw(t, "entries"))
		size := rapid.SampledFrom([]int{0, 1, 600, cacheMaxBody, cacheMaxBody + 1}).Draw(t, "size")
		body := []byte(strings.Repeat("x", size))
		for i := range rapid.IntRange(0, 6000).Draw(t, "n") {
			key := cacheKey{id: fmt.Sprint(i % 5500)}
			change := []change{{key: key, body: body}}
			c.committed(change, nil)
			_, _, ok := c.get(key)
			require.Equal(t, size <= cacheMaxBody, ok)
		}
		sum := 0
		for _, body := range c.entries.Values() {
			sum += len(body)
		}
		require.Equal(t, sum, c.bytes)
		require.LessOrEqual(t, sum, cacheMaxBytes)
	})
}
