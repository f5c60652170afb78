// Package clock is the server's time, which a test can move forward.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time. The zero value is not usable: take Real or Test.
type Clock struct {
	machine func() time.Time // what the offset is added to
	mu      sync.Mutex
	offset  time.Duration // ahead of the machine's time
	movable bool
	changed chan struct{}
}

// Real is the machine's time.
func Real() *Clock { return &Clock{machine: time.Now, changed: make(chan struct{})} }

// Test is the machine's time, ahead by the offset; it goes on by itself and can be moved forward.
func Test(offset time.Duration) *Clock {
	return &Clock{machine: time.Now, offset: offset, movable: true, changed: make(chan struct{})}
}

// Stopped stands still at a time until it is moved.
func Stopped(at time.Time) *Clock {
	c := Test(0)
	c.machine = func() time.Time { return at }
	return c
}

// Now is the server's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.machine().Add(c.offset)
}

// Offset is how far the clock is ahead of the machine's time.
func (c *Clock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// Advance moves the clock forward, never back, and wakes who waits on Changed. It panics on a clock that is not for tests.
func (c *Clock) Advance(by time.Duration) {
	if !c.movable {
		panic("clock: the real time cannot be moved")
	}
	if by <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += by
	close(c.changed)
	c.changed = make(chan struct{})
}

// Changed is closed the next time that the clock is moved.
func (c *Clock) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}
