package main

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85/webhook"
)

func sign(secret string, payload []byte, at time.Time) string {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: payload, Secret: secret, Timestamp: at}).Header
}

func TestCheckSignature(t *testing.T) {
	t.Parallel()
	now, body := time.Now(), []byte(`{"id": "evt_1"}`)
	header := sign("whsec_1", body, now)
	require.NoError(t, checkSignature(header, body, "whsec_1", now))
	require.Error(t, checkSignature(header, body, "whsec_2", now))
	require.Error(t, checkSignature(header, []byte(`{"id": "evt_2"}`), "whsec_1", now))
	require.Error(t, checkSignature(header, body, "whsec_1", now.Add(time.Hour)))
	require.Error(t, checkSignature("", body, "whsec_1", now))
}

func TestEventID(t *testing.T) {
	t.Parallel()
	id, err := eventID([]byte(`{"object": "event", "id": "evt_1a", "data": {}}`))
	require.NoError(t, err)
	require.Equal(t, "evt_1a", id)
	_, err = eventID([]byte(`{"id": "fca_1"}`))
	require.Error(t, err)
}

// TestReceivers counts each event once for each receiver that answers.
func TestReceivers(t *testing.T) {
	t.Parallel()
	all, err := newReceivers(2, 1)
	require.NoError(t, err)
	defer all.close()
	body := []byte(`{"id": "evt_1"}`)
	for _, r := range append(all.answering[:1:1], all.answering...) {
		deliver(t, t.Context(), r, sign(r.secret, body, time.Now()), body)
	}
	require.NoError(t, all.await(t.Context(), nil))
	answered, hung := all.requests()
	require.Equal(t, []int{3, 0}, []int{answered, hung})
}

func TestReceiverThatHangs(t *testing.T) {
	t.Parallel()
	all, err := newReceivers(0, 1)
	require.NoError(t, err)
	ended := make(chan error)
	go func() {
		request, _ := http.NewRequest(http.MethodPost, all.hanging.url, bytes.NewReader([]byte(`{"id": "evt_1"}`)))
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			err = response.Body.Close()
		}
		ended <- err
	}()
	require.Eventually(t, func() bool { _, hung := all.requests(); return hung == 1 }, 10*time.Second, time.Millisecond)
	select {
	case err := <-ended:
		require.Fail(t, "it has answered", err)
	default:
	}
	all.close()
	<-ended
}

func TestWrongDeliveriesFail(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"signed wrongly": `{"id": "evt_1"}`, "no event": `{}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, err := newReceivers(1, 1)
			require.NoError(t, err)
			defer all.close()
			deliver(t, t.Context(), all.answering[0], sign("another", []byte(body), time.Now()), []byte(body))
			require.Error(t, all.failure())
			require.Zero(t, all.progress())
		})
	}
}

func deliver(t *testing.T, ctx context.Context, r *receiver, signature string, body []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Stripe-Signature", signature)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
}
