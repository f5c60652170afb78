package tests

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/gen"
	"fincon/impl/bank/sandbox"
	"fincon/tests/harness"
)

func (w *world) owners(account, ownership string) []gen.AccountOwner {
	w.t.Helper()
	path := accounts + "/" + account + "/owners?ownership=" + ownership
	list := read[gen.AccountOwnerList](w.t, w.call(path))
	require.Equal(w.t, path, list.URL)
	return list.Data
}

// ownership is the id of an account's newest snapshot.
func (w *world) ownership(account string) string {
	w.t.Helper()
	id, err := w.account(account).Ownership.AsExpandableOwnership0()
	require.NoError(w.t, err)
	return id
}

// The test institution for owners has each kind.
func TestOwnerships(t *testing.T) {
	t.Parallel()
	cases := []struct {
		account string
		owners  int
		contact bool // email, phone and address are told
	}{
		{"Single Owner", 1, true},
		{"Joint Owners", 2, true},
		{"Business Owner", 1, true},
		{"Owner Without Contact Details", 1, false},
	}
	w := begin(t, harness.SQLite)
	for _, c := range cases {
		t.Run(c.account, func(t *testing.T) {
			account := w.link(sandbox.OwnershipAccounts, c.account)[0]
			require.Equal(t, gen.RefreshStatusSucceeded, w.refresh(account, "ownership").OwnershipRefresh.Status)
			snapshot := w.ownership(account)
			owners := w.owners(account, snapshot)
			require.Len(t, owners, c.owners)
			for _, owner := range owners {
				require.NotEmpty(t, owner.Name)
				require.Equal(t, snapshot, owner.Ownership)
				require.Equal(t, harness.Noon.Unix(), *owner.RefreshedAt)
				require.Equal(t, c.contact, owner.Email != nil)
				require.Equal(t, c.contact, owner.Phone != nil)
				require.Equal(t, c.contact, owner.RawAddress != nil)
			}
		})
	}
}

// Each refresh makes a new snapshot; earlier ones stay readable, until the account is disconnected.
func TestOwnershipsStay(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		account := w.link(sandbox.OwnershipAccounts, "Joint Owners")[0]
		var snapshots []string
		for range 3 {
			w.refresh(account, "ownership")
			snapshot := w.ownership(account)
			require.NotContains(t, snapshots, snapshot)
			snapshots = append(snapshots, snapshot)
			w.Advance(t, time.Hour)
		}
		var names []string
		for i, snapshot := range snapshots {
			owners := w.owners(account, snapshot)
			require.Equal(t, harness.Noon.Add(time.Duration(i)*time.Hour).Unix(), *owners[0].RefreshedAt)
			for _, owner := range owners {
				names = append(names, owner.Name)
			}
		}
		slices.Sort(names)
		require.Len(t, slices.Compact(names), 2, "the same two each time")

		read[gen.Account](t, w.post(accounts+"/"+account+"/disconnect"))
		requireFault(t, w.call(accounts+"/"+account+"/owners?ownership="+snapshots[0]), http.StatusBadRequest, "", "",
			"This account is disconnected")
	})
}

// A refresh that fails leaves the newest snapshot where it is.
func TestOwnershipsFailedRefresh(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.SQLite)
	account := w.link(sandbox.InactiveAccounts, "Checking")[0]
	w.refresh(account, "ownership")
	snapshot := w.ownership(account)
	w.Advance(t, time.Minute)
	require.Equal(t, gen.AccountStatusInactive, w.account(account).Status)
	require.Equal(t, snapshot, w.ownership(account))
	require.Len(t, w.owners(account, snapshot), 1)
}
