package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// maxAnswer is how much of a receiver's answer is read, in bytes: enough to use the connection again after any usual one.
const maxAnswer = 64 << 10

// sender posts payloads to the endpoints of one mode. The modes share no connections, so that what one may reach stays
// closed to the other.
type sender struct{ client http.Client }

func newSender(config Config, livemode bool) *sender {
	dialer := &net.Dialer{Control: config.Rules.control(livemode)}
	return &sender{http.Client{
		Timeout: config.Timeout, // of the whole try, the answer's body included
		Transport: &http.Transport{ // without a proxy: it would connect where the rules cannot look
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			MaxIdleConns:           sends,
			MaxIdleConnsPerHost:    sendsPerEndpoint,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: maxAnswer,
			DisableCompression:     true,
		},
		// A redirect is an answer like any other that is not 2xx: a failed try.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is how a try went.
type answer struct {
	status  int    // HTTP, 0 when there was no answer
	trouble string // why there was none, in a few words
}

// received tells whether the endpoint has the event.
func (a answer) received() bool { return a.status/100 == 2 }

func (a answer) String() string {
	if a.status == 0 {
		return a.trouble
	}
	return strconv.Itoa(a.status)
}

// post sends a payload once.
func (s *sender) post(ctx context.Context, url string, payload []byte, signature string) answer {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(payload))
	if err != nil {
		return answer{trouble: "the URL is not valid"}
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "fincon")
	request.Header.Set("Stripe-Signature", signature)
	response, err := s.client.Do(request)
	if err != nil {
		return answer{trouble: reason(err)}
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer) // the status is what counts
	return answer{status: response.StatusCode}
}

// reason says in a few words of our own why there was no answer. The error's text may repeat the URL or what the
// receiver sent, and both can hold secrets.
func reason(err error) string {
	var name *net.DNSError
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.Is(err, errForbidden):
		return errForbidden.Error()
	case errors.As(err, &name):
		return "the host's name leads nowhere"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &record):
		return "no secure connection"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	}
	return "connection lost"
}
