package id

import (
	"regexp"
	"strings"
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

func TestSecretOfLeadsToItsObject(t *testing.T) {
	t.Parallel()
	made := New("fcsess_", time.Now())
	secret := SecretOf("fcsess_client_secret_", made)
	require.Regexp(t, regexp.MustCompile(`^fcsess_client_secret_[0-9A-Za-z]{31}$`), secret)
	require.NotEqual(t, secret, SecretOf("fcsess_client_secret_", made))
	beginning, ok := Beginning("fcsess_", "fcsess_client_secret_", secret)
	require.True(t, ok)
	require.True(t, strings.HasPrefix(made, beginning))
	require.Len(t, beginning, len("fcsess_1")+9)
	for _, other := range []string{"", "fcsess_client_secret_", secret[:len(secret)-1], secret + "x", "x" + secret[1:]} {
		_, ok := Beginning("fcsess_", "fcsess_client_secret_", other)
		require.False(t, ok, other)
	}
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
