package activity

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// The latest entries are there, newest first, however many there were.
func TestLatest(t *testing.T) {
	t.Parallel()
	for _, added := range []int{0, 1, Entries - 1, Entries, Entries + 1, 3*Entries + 7} {
		log := NewLog[int]()
		for i := range added {
			log.Add("one", i)
			log.Add("other", -1)
		}
		latest := log.Latest("one")
		require.Len(t, latest, min(added, Entries), added)
		for i, entry := range latest {
			require.Equal(t, added-1-i, entry)
		}
	}
}

// Of many tenants, those that were busy last are remembered.
func TestTenantsAreBounded(t *testing.T) {
	t.Parallel()
	log := NewLog[int]()
	log.Add("kept", 1)
	log.Add("forgotten", 1)
	for i := range Tenants - 1 {
		log.Add("kept", 2)
		log.Add(fmt.Sprint("tenant ", i), 1)
		log.Latest("forgotten")
	}
	require.Len(t, log.Latest("kept"), Tenants)
	require.Empty(t, log.Latest("forgotten"))
	require.Equal(t, Tenants, log.tenants.Len())
}

func TestForget(t *testing.T) {
	t.Parallel()
	log := NewLog[int]()
	for _, tenant := range []string{"one", "one/acct_1", "oneself"} {
		log.Add(tenant, 1)
	}
	log.Forget("one")
	require.Empty(t, log.Latest("one"))
	require.Empty(t, log.Latest("one/acct_1"))
	require.Len(t, log.Latest("oneself"), 1)
}

// A tenant's ring, once it is full, takes entries without any allocation.
func TestAddAllocatesNothing(t *testing.T) {
	log := NewLog[Request]()
	for range Entries {
		log.Add("one", Request{})
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { log.Add("one", Request{ID: "req_1"}) }))
}
