package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A receiver is the other side of one webhook endpoint, in this process.
type receiver struct {
	url    string
	secret string
	web    *http.Server
	hangs  chan struct{} // nil, or until when it does not answer

	mu       sync.Mutex
	requests int
	events   map[string]struct{} // ids of those received
	wrong    error               // the first request that was not as it must be
}

// Receivers are the other sides of all endpoints. They tell when each event has arrived at each that answers.
type receivers struct {
	answering []*receiver
	hanging   *receiver
	expected  int // deliveries, each event counted once for each receiver

	mu          sync.Mutex
	arrived     int
	first, last time.Time
	done        chan struct{} // closed when all have arrived
}

// newReceivers starts receivers that answer at once, and one that never does.
func newReceivers(answering, events int) (*receivers, error) {
	all := &receivers{expected: answering * events, done: make(chan struct{})}
	for i := range answering + 1 {
		r := &receiver{secret: "whsec_" + rand.Text(), events: make(map[string]struct{}, events)}
		if i < answering {
			all.answering = append(all.answering, r)
		} else {
			all.hanging, r.hangs = r, make(chan struct{})
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			all.close()
			return nil, err
		}
		r.url = "http://" + listener.Addr().String() + "/webhooks"
		r.web = &http.Server{Handler: all.handler(r)}
		go func() { _ = r.web.Serve(listener) }()
	}
	return all, nil
}

func (all *receivers) each() []*receiver {
	return append(append([]*receiver{}, all.answering...), all.hanging)
}

// close also ends the requests that hang.
func (all *receivers) close() {
	for _, r := range all.each() {
		if r == nil || r.web == nil {
			continue
		}
		if r.hangs != nil {
			close(r.hangs)
		}
		_ = r.web.Close()
	}
}

func (all *receivers) handler(r *receiver) http.HandlerFunc {
	return func(_ http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return // the sender is gone
		}
		fresh := r.note(request.Header.Get("Stripe-Signature"), body)
		if r.hangs != nil {
			<-r.hangs
			return
		}
		if fresh {
			all.count()
		}
	}
}

// note tells whether an event was received for the first time. It looks at the signature of one request in a few.
func (r *receiver) note(signature string, body []byte) (fresh bool) {
	id, err := eventID(body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && r.requests%inspectEvery == 0 {
		err = checkSignature(signature, body, r.secret, time.Now())
	}
	r.requests++
	if err != nil {
		if r.wrong == nil {
			r.wrong = err
		}
		return false
	}
	_, known := r.events[id]
	r.events[id] = struct{}{}
	return !known
}

func (all *receivers) count() {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.last = time.Now()
	if all.arrived == 0 {
		all.first = all.last
	}
	if all.arrived++; all.arrived == all.expected {
		close(all.done)
	}
}

// progress is how many deliveries have arrived, each event counted once for each receiver.
func (all *receivers) progress() int {
	all.mu.Lock()
	defer all.mu.Unlock()
	return all.arrived
}

// failure is what was wrong with any request.
func (all *receivers) failure() error {
	for _, r := range all.each() {
		r.mu.Lock()
		err := r.wrong
		r.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// requests is how many requests the receivers that answer got, and the one that hangs.
func (all *receivers) requests() (answered, hung int) {
	for _, r := range all.each() {
		r.mu.Lock()
		if r.hangs == nil {
			answered += r.requests
		} else {
			hung += r.requests
		}
		r.mu.Unlock()
	}
	return answered, hung
}

// eventID finds the id of an event without parsing all of it.
func eventID(body []byte) (string, error) {
	if _, rest, ok := bytes.Cut(body, []byte(`"evt_`)); ok {
		if id, _, ok := bytes.Cut(rest, []byte(`"`)); ok {
			return "evt_" + string(id), nil
		}
	}
	return "", fmt.Errorf("payload has no event id: %.200s", body)
}

// checkSignature does what the official SDKs do with a Stripe-Signature header.
func checkSignature(header string, body []byte, secret string, now time.Time) error {
	at, signature, ok := strings.Cut(strings.TrimPrefix(header, "t="), ",v1=")
	if !ok {
		return fmt.Errorf("not a signature: %.200q", header)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s.%s", at, body)
	if signature != hex.EncodeToString(mac.Sum(nil)) {
		return errors.New("a delivery is signed wrongly")
	}
	var seconds int64
	if _, err := fmt.Sscan(at, &seconds); err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return fmt.Errorf("a delivery is signed at a wrong time: %.40q", at)
	}
	return nil
}
