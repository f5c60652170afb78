package id

import (
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNewHasTheShapeOfOfficialIDs(t *testing.T) {
	t.Parallel()
	require.Regexp(t, regexp.MustCompile(`^fcsess_1[0-9A-Za-z]{23}$`), New("fcsess_", time.Now()))
	require.Regexp(t, regexp.MustCompile(`^fcsess_client_secret_[0-9A-Za-z]{24}$`), Secret("fcsess_client_secret_"))
	require.Regexp(t, regexp.MustCompile(`^req_[0-9A-Za-z]{14}$`), Request())
}

func TestNewSortsInTheOrderOfMaking(t *testing.T) {
	t.Parallel()
	stopped := time.Now()
	previous := ""
	for range 10_000 {
		next := New("x_", stopped)
		require.Less(t, previous, next)
		previous = next
	}
}

func TestNewIsUniqueAcrossGoroutines(t *testing.T) {
	t.Parallel()
	var seen sync.Map
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 1000 {
				_, twice := seen.LoadOrStore(New("x_", time.Now()), true)
				if twice {
					t.Error("the same id twice")
				}
			}
		})
	}
	group.Wait()
}

// Not in parallel: a clock of another year would come between the ids whose order the other tests look at.
func TestCreatedReadsTheTimeBack(t *testing.T) {
	at := time.Date(2031, 5, 17, 12, 0, 0, 0, time.UTC)
	require.InDelta(t, at.Unix(), Created(New("fcsess_", at)), 1)
	require.Zero(t, Created("fcsess_nothing"))
	require.Zero(t, Created(""))
}
