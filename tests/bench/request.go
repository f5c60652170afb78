package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

const (
	benchKey     = "sk_test_bench"
	sessionsPath = "/v1/financial_connections/sessions"
	// createForm is the seed's request as the official SDKs write it.
	createForm = "account_holder%5Btype%5D=customer&account_holder%5Bcustomer%5D=cus_NiKSWdaFz2F6I0" +
		"&permissions%5B0%5D=payment_method&permissions%5B1%5D=balances&filters%5Bcountries%5D%5B0%5D=US"
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// requestBytes writes out an HTTP/1.1 request. Extra headers are given without line ends.
func requestBytes(method, path, contentType, body string, headers ...string) []byte {
	var r strings.Builder
	fmt.Fprintf(&r, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", method, path)
	r.WriteString("User-Agent: fincon-bench\r\nAccept: */*\r\nAuthorization: Bearer " + benchKey + "\r\n")
	for _, h := range headers {
		r.WriteString(h + "\r\n")
	}
	if method == "POST" {
		fmt.Fprintf(&r, "Content-Type: %s\r\nContent-Length: %d\r\n", contentType, len(body))
	}
	r.WriteString("\r\n" + body)
	return []byte(r.String())
}

func createRequest(headers ...string) []byte {
	return requestBytes("POST", sessionsPath, formType, createForm, headers...)
}

func retrieveRequest(id string) []byte {
	return requestBytes("GET", sessionsPath+"/"+id, "", "")
}

// A stream hands one connection its next request, and a text that the body of its answer must contain. What it returns
// is valid until the next call.
type stream func() (request, want []byte)

var isSession = []byte(`"financial_connections.session"`)

// createStream sends the same request again and again.
func createStream(int) stream {
	request := createRequest()
	return func() ([]byte, []byte) { return request, isSession }
}

// createKeyStream gives every request an idempotency key of its own, as every official SDK does.
func createKeyStream(int) stream {
	const sample = "00000000-0000-4000-8000-000000000000"
	request := createRequest("Idempotency-Key: " + sample)
	key := request[strings.Index(string(request), sample):][:len(sample)]
	return func() ([]byte, []byte) {
		fillKey(key)
		return request, isSession
	}
}

// fillKey writes a random UUID: random, because ordered keys would be kind to an index.
func fillKey(key []byte) {
	const digits = "0123456789abcdef"
	var bits uint64
	for i := range key {
		if i%16 == 0 {
			bits = rand.Uint64()
		}
		if key[i] != '-' && i != 14 && i != 19 {
			key[i] = digits[bits&15]
		}
		bits >>= 4
	}
}

// retrieveStream asks for random ids of a set. With fixed, the answer need not bear the id that was asked for.
func retrieveStream(ids *idSet, fixed bool) func(int) stream {
	return func(int) stream {
		sample := string(ids.at(0))
		request := retrieveRequest(sample)
		id := request[strings.Index(string(request), sample):][:len(sample)]
		return func() ([]byte, []byte) {
			copy(id, ids.at(rand.IntN(ids.len())))
			if fixed {
				return request, isSession
			}
			return request, id
		}
	}
}

// An idSet keeps session ids of one length side by side, so that ten million of them cost no more than their text.
type idSet struct {
	width int
	text  []byte
}

func (s *idSet) add(id []byte) error {
	if s.width == 0 {
		s.width = len(id)
	}
	if len(id) != s.width {
		return fmt.Errorf("ids of different length: %q has %d characters, earlier ones %d", id, len(id), s.width)
	}
	s.text = append(s.text, id...)
	return nil
}

func (s *idSet) len() int {
	if s.width == 0 {
		return 0
	}
	return len(s.text) / s.width
}

func (s *idSet) at(i int) []byte { return s.text[i*s.width : (i+1)*s.width] }

// sample picks n random ids.
func (s *idSet) sample(n int) *idSet {
	picked := &idSet{width: s.width}
	for range n {
		picked.text = append(picked.text, s.at(rand.IntN(s.len()))...)
	}
	return picked
}
