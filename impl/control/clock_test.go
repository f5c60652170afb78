package control_test

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/impl/control"
	"fincon/impl/store/sqlite"
)

func TestClock(t *testing.T) {
	t.Parallel()
	m := start(t)
	before := m.steer(http.MethodGet, "/clock", nil)
	require.Zero(t, before["offset"])
	require.InDelta(t, time.Now().Unix(), before["now"], 60)

	after := m.steer(http.MethodPost, "/clock/advance", map[string]any{"seconds": 3600})
	require.EqualValues(t, 3600, after["offset"])
	require.InDelta(t, before["now"].(float64)+3600, after["now"], 60)
	until := int64(after["now"].(float64)) + 86400
	after = m.steer(http.MethodPost, "/clock/advance", map[string]any{"until": until})
	require.InDelta(t, until, after["now"], 60)
	require.InDelta(t, 3600+86400, after["offset"], 60)
	require.Equal(t, after["offset"], m.steer(http.MethodGet, "/clock", nil)["offset"])
	require.Equal(t, after["offset"], m.steer(http.MethodPost, "/settle", nil)["offset"], "settling moves nothing")
}

func TestClockRefusals(t *testing.T) {
	t.Parallel()
	m := start(t)
	const tenYears = 315360000
	for name, c := range map[string]struct {
		params map[string]any
		param  string
	}{
		"nothing":                {map[string]any{}, "seconds"},
		"both":                   {map[string]any{"seconds": 1, "until": 4102444800}, "seconds"},
		"nowhere":                {map[string]any{"seconds": 0}, "seconds"},
		"back":                   {map[string]any{"seconds": -1}, "seconds"},
		"too far":                {map[string]any{"seconds": tenYears + 1}, "seconds"},
		"back to a time":         {map[string]any{"until": 1}, "until"},
		"to a time too far":      {map[string]any{"until": time.Now().Unix() + tenYears + 60}, "until"},
		"no number":              {map[string]any{"seconds": "an hour"}, "seconds"},
		"something else as well": {map[string]any{"seconds": 1, "hours": 1}, "hours"},
	} {
		fault := m.send("", http.MethodPost, m.control+"/clock/advance", c.params).fault(t, http.StatusBadRequest)
		require.Equal(t, c.param, fault["param"], "%s: %s", name, fault["message"])
	}
	require.Zero(t, m.steer(http.MethodGet, "/clock", nil)["offset"])
}

// Everything that is due on the way is done, each at its time, before the answer comes.
func TestAdvanceDoesWhatIsDue(t *testing.T) {
	t.Parallel()
	m := start(t)
	account := m.link(m.session(), map[string]any{"institution": "Test (Non-OAuth)", "accounts": []string{"Success"}})[0]["id"].(string)
	subscribed := m.send(key, http.MethodPost, m.api+accounts+"/"+account+"/subscribe", map[string]any{"features": []string{"transactions"}})
	require.Equal(t, http.StatusOK, subscribed.Status, subscribed.Text)
	m.steer(http.MethodPost, "/clock/advance", map[string]any{"seconds": 3*86400 + 3600})
	require.Equal(t, []string{"refreshed_transactions", "refreshed_transactions", "refreshed_transactions", "refreshed_transactions"},
		m.events("financial_connections.account.refreshed_"))
}

// How far the clock was moved outlives the server.
func TestOffsetIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fincon.db")
	kept, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	offset, err := control.Offset(t.Context(), kept)
	require.NoError(t, err)
	require.Zero(t, offset)

	m := startOn(t, kept)
	m.steer(http.MethodPost, "/clock/advance", map[string]any{"seconds": 7200})
	m.steer(http.MethodPost, "/clock/advance", map[string]any{"seconds": 7200})
	offset, err = control.Offset(context.Background(), kept)
	require.NoError(t, err)
	require.Equal(t, m.server.Clock.Offset(), offset)
	require.InDelta(t, 4*time.Hour, offset, float64(time.Millisecond))
}
