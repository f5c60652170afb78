package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// digest is the same for the same texts, and tells "ab","c" from "a","bc".
func digest(parts ...string) [sha256.Size]byte {
	var b []byte
	for _, part := range parts {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return sha256.Sum256(b)
}

// seed is where a sequence of random numbers begins.
type seed struct{ high, low uint64 }

func seedOf(parts ...string) seed {
	sum := digest(parts...)
	return seed{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])}
}

// at is the generator for one of many things that share the seed: a day of an account, say. It costs no hash, for a
// balance asks for a hundred days.
func (s seed) at(place uint64) random {
	// The last step of SplitMix64 keeps the sequences of neighbouring places apart.
	x := s.low + (place+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	var r random
	r.pcg.Seed(s.high, x^x>>31)
	return r
}

// random is a value so that drawing from it allocates nothing.
type random struct{ pcg rand.PCG }

// between draws from low to high, both included.
func (r *random) between(low, high int64) int64 {
	hi, _ := bits.Mul64(r.pcg.Uint64(), uint64(high-low+1))
	return low + int64(hi)
}

// small draws from low to high too, but low ones more often: its mean is a third of the way up.
func (r *random) small(low, high int64) int64 {
	return min(r.between(low, high), r.between(low, high))
}

// digits draws a number of n digits whose first is not 0.
func (r *random) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.between(0, 9))
	}
	b[0] = byte('1' + r.between(0, 8))
	return string(b)
}

func pick[T any](r *random, from []T) T { return from[r.between(0, int64(len(from)-1))] }
