package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// Sign is the Stripe-Signature header of a payload that is sent now (server-api 6.3). The secret is used as the text that
// it is, whsec_ included.
func Sign(payload, secret []byte, now time.Time) string {
	at := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(at))
	mac.Write([]byte("."))
	mac.Write(payload)
	return "t=" + at + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
