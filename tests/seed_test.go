package tests

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/tests/harness"
)

// The commands of the API's own example, as they are printed there.
const (
	seedKey    = "sk_test_BQokikJ...2HlWgH4olfQ2sk_test_BQokikJOvBiI2HlWgH4olfQ2"
	seedID     = "fcsess_1MwtnGLkdIwHu7ixs7NPQ7dq"
	seedSecret = "fcsess_client_secret_KRJTKvCY3IKoYTrW18EazcO3"
)

var seedCreate = []string{
	"https://api.stripe.com/v1/financial_connections/sessions",
	"-u", seedKey + ":",
	"-d", "account_holder[type]=customer",
	"-d", "account_holder[customer]=cus_NiKSWdaFz2F6I0",
	"-d", "permissions[]=payment_method",
	"-d", "permissions[]=balances",
	"-d", "filters[countries][]=US",
}

var seedRetrieve = []string{
	"https://api.stripe.com/v1/financial_connections/sessions/" + seedID,
	"-u", seedKey + ":",
}

// The example's commands give the example's answer, letter for letter but for what is random in it.
func TestSeed(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/seed-session.json")
	require.NoError(t, err)
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		created := curl(t, server.URL, seedCreate)
		session := harness.Answer{Status: 200, Body: created}.Session(t)
		require.Regexp(t, `^fcsess_1[0-9A-Za-z]{23}$`, session.ID)
		require.Regexp(t, `^fcsess_client_secret_[0-9A-Za-z]{31}$`, session.ClientSecret)

		asPrinted := strings.NewReplacer(session.ID, seedID, session.ClientSecret, seedSecret)
		require.Equal(t, string(want), asPrinted.Replace(created))

		retrieve := append([]string{strings.Replace(seedRetrieve[0], seedID, session.ID, 1)}, seedRetrieve[1:]...)
		require.Equal(t, created, curl(t, server.URL, retrieve))
	})
}

// curl runs curl as it is printed, against another host.
func curl(t *testing.T, server string, args []string) string {
	t.Helper()
	here := append([]string{"--silent", "--show-error", "--fail-with-body"}, args...)
	here[3] = strings.Replace(here[3], "https://api.stripe.com", server, 1)
	output, err := exec.Command(harness.Tool(t, "curl"), here...).CombinedOutput()
	require.NoError(t, err, "%s", output)
	return string(output)
}
