// Package id makes the ids of objects and the secrets that open them.
package id

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"strings"
	"sync/atomic"
	"time"
)

// alphabet is in the order of its bytes, so that ids sort as the numbers they encode.
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const (
	timeLength   = 9  // 62^9 microseconds last until the year 2398
	randomLength = 14 // 83 bits
)

var last atomic.Int64

// New makes an id: the prefix ("fcsess_"), a 1, the time in microseconds, and random text; 24 characters after the prefix.
// Ids that one process makes sort in the order in which it made them: "newest first" is the descending order of ids, and
// rows are stored where the previous one was.
func New(prefix string, now time.Time) string {
	micros := now.UnixMicro()
	for {
		previous := last.Load()
		// A test's clock may stand still, and two clocks may differ: only what is not far behind is pushed forward.
		if micros <= previous && previous-micros < int64(time.Second/time.Microsecond) {
			micros = previous + 1
		}
		if last.CompareAndSwap(previous, micros) {
			break
		}
	}
	b := make([]byte, 0, len(prefix)+1+timeLength+randomLength)
	b = append(b, prefix...)
	b = append(b, '1')
	b = appendNumber(b, micros, timeLength)
	return string(appendRandom(b, randomLength))
}

// Created is the time that an id made by New holds, in Unix seconds; 0 for any other text.
func Created(id string) int64 {
	_, rest, found := strings.Cut(id, "_1")
	if !found || len(rest) != timeLength+randomLength {
		return 0
	}
	var micros int64
	for i := range timeLength {
		digit := strings.IndexByte(alphabet, rest[i])
		if digit < 0 {
			return 0
		}
		micros = micros*int64(len(alphabet)) + int64(digit)
	}
	return micros / int64(time.Second/time.Microsecond)
}

// Secret makes a text that cannot be guessed: 24 characters after the prefix, 142 bits.
func Secret(prefix string) string {
	const length = 24
	secret := make([]byte, 0, len(prefix)+length)
	secret = append(secret, prefix...)
	var raw [2 * length]byte
	for len(secret) < len(prefix)+length {
		rand.Read(raw[:])
		for _, r := range raw {
			// 248 is the largest multiple of 62 in a byte: what is above would favour the first letters.
			if r < 248 && len(secret) < len(prefix)+length {
				secret = append(secret, alphabet[r%62])
			}
		}
	}
	return string(secret)
}

// secretLength is 131 bits.
const secretLength = 22

// SecretOf makes a secret that leads to its object: the time that the object's id holds, then 22 characters that cannot be
// guessed. Objects are found by such a secret without an index of secrets.
func SecretOf(prefix, id string) string {
	_, rest, _ := strings.Cut(id, "_1")
	return Secret(prefix + rest[:timeLength])[:len(prefix)+timeLength+secretLength]
}

// Beginning is what the id begins with of the object whose secret SecretOf has made, false for any other text.
func Beginning(idPrefix, secretPrefix, secret string) (string, bool) {
	rest, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok || len(rest) != timeLength+secretLength {
		return "", false
	}
	return idPrefix + "1" + rest[:timeLength], true
}

// Request makes the id of a request.
func Request() string {
	b := make([]byte, 0, 18)
	return string(appendRandom(append(b, "req_"...), 14))
}

func appendNumber(b []byte, n int64, width int) []byte {
	var digits [timeLength]byte
	for i := width - 1; i >= 0; i-- {
		digits[i] = alphabet[n%int64(len(alphabet))]
		n /= int64(len(alphabet))
	}
	return append(b, digits[:width]...)
}

// appendRandom makes ids differ. It is no secret: an id opens nothing without a key.
func appendRandom(b []byte, n int) []byte {
	for n > 0 {
		const perDraw = 10 // 62^10 is the largest power in 64 bits
		r := mathrand.Uint64()
		for i := 0; i < perDraw && n > 0; i++ {
			b = append(b, alphabet[r%62])
			r /= 62
			n--
		}
	}
	return b
}
