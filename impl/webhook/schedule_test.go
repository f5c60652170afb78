package webhook_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripe "github.com/stripe/stripe-go/v85/webhook"

	"fincon/impl/webhook"
)

func TestPause(t *testing.T) {
	t.Parallel()
	require.Equal(t, []time.Duration{0, time.Hour, 3 * time.Hour}, tries(false))
	live := tries(true)
	require.Len(t, live, 10)
	require.Equal(t, []time.Duration{0, 5 * time.Minute, 35 * time.Minute}, live[:3])
	require.Less(t, live[9], 72*time.Hour)
	require.Greater(t, live[9]+12*time.Hour, 72*time.Hour)
	_, again := webhook.Pause(0, true)
	require.False(t, again)
}

// tries are the times of the tries after the first one, when all fail.
func tries(livemode bool) []time.Duration {
	times := []time.Duration{0}
	for failures := 1; ; failures++ {
		pause, again := webhook.Pause(failures, livemode)
		if !again {
			return times
		}
		times = append(times, times[failures-1]+pause)
	}
}

// TestSign: the header is what the official SDK computes, and holds for the payload as it is to the byte.
func TestSign(t *testing.T) {
	t.Parallel()
	payload, now := []byte("{\n  \"object\": \"event\"\n}\n"), time.Now()
	header := webhook.Sign(payload, []byte("whsec_1"), now)
	require.NoError(t, stripe.ValidatePayload(payload, header, "whsec_1"))
	require.ErrorIs(t, stripe.ValidatePayload(append(payload, ' '), header, "whsec_1"), stripe.ErrNoValidSignature)
	require.ErrorIs(t, stripe.ValidatePayload(payload, header, "whsec_2"), stripe.ErrNoValidSignature)
	old := webhook.Sign(payload, []byte("whsec_1"), now.Add(-time.Hour))
	require.ErrorIs(t, stripe.ValidatePayload(payload, old, "whsec_1"), stripe.ErrTooOld)
}
