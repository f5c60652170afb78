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
	updated := []change{{key: key, row: sessionBody("new"), update: true}}
	other := []change{{key: cacheKey{id: "fcsess_2"}, row: sessionBody("other")}}

	for name, test := range map[string]struct {
		steps func(c *cache, epoch uint64)
		kept  string // what the cache answers, "" for a miss
	}{
		"added with nothing between":         {func(c *cache, epoch uint64) { c.add(key, sessionBody("old"), epoch) }, "old"},
		"added while an update is committed": {func(c *cache, epoch uint64) { c.committing(updated); c.add(key, sessionBody("old"), epoch) }, ""},
		"added after the update was committed": {func(c *cache, epoch uint64) {
			c.committing(updated)
			c.committed(updated, nil)
			c.add(key, sessionBody("old"), epoch)
		}, "new"},
		"added after it was committed and dropped": {func(c *cache, epoch uint64) {
			c.committing(updated)
			c.committed(updated, nil)
			c.entries.Purge()
			c.add(key, sessionBody("old"), epoch)
		}, ""},
		"added after a commit that failed": {func(c *cache, epoch uint64) {
			c.committing(updated)
			c.committed(updated, errors.New("disk full"))
			c.add(key, sessionBody("old"), epoch)
		}, ""},
		"in the cache when its row is to be read anew": {func(c *cache, epoch uint64) {
			c.add(key, sessionBody("old"), epoch)
			anew := []change{{key: key, update: true}}
			c.committing(anew)
			c.committed(anew, nil)
		}, ""},
		"in the cache when a commit fails": {func(c *cache, epoch uint64) {
			c.add(key, sessionBody("old"), epoch)
			c.committing(updated)
			c.committed(updated, errors.New("disk full"))
		}, ""},
		"added while a session is inserted": {func(c *cache, epoch uint64) {
			c.committing(other)
			c.add(key, sessionBody("old"), epoch)
			c.committed(other, nil)
		}, "old"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCache(10)
			_, epoch, ok := c.get(key)
			require.False(t, ok)
			test.steps(c, epoch)
			row, _, _ := c.get(key)
			body, _ := row.(sessionBody)
			require.Equal(t, test.kept, string(body))
		})
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := newCache(rapid.IntRange(1, 6000).Draw(t, "entries"))
		size := rapid.SampledFrom([]int{0, 1, 600, cacheMaxRow, cacheMaxRow + 1}).Draw(t, "size")
		body := sessionBody(strings.Repeat("x", size))
		for i := range rapid.IntRange(0, 6000).Draw(t, "n") {
			key := cacheKey{id: fmt.Sprint(i % 5500)}
			change := []change{{key: key, row: body}}
			c.committed(change, nil)
			_, _, ok := c.get(key)
			require.Equal(t, size <= cacheMaxRow, ok)
		}
		sum := 0
		for _, row := range c.entries.Values() {
			sum += row.size()
		}
		require.Equal(t, sum, c.bytes)
		require.LessOrEqual(t, sum, cacheMaxBytes)
	})
}
