package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// pool lends out connections, the last used first: one that is read through alone keeps the upper pages of every
// table in its cache, where several in turn would each need their own copy.
type pool struct {
	slots chan struct{} // one for each that may be lent out
	open  func() (*conn, error)

	mu   sync.Mutex
	idle []*conn
}

func newPool(size int, open func() (*conn, error)) *pool {
	return &pool{slots: make(chan struct{}, size), open: open}
}

func (p *pool) acquire(ctx context.Context) (*conn, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	c, err := p.open()
	if err != nil {
		<-p.slots
		return nil, fmt.Errorf("opening a connection: %w", err)
	}
	return c, nil
}

func (p *pool) release(c *conn) {
	p.mu.Lock()
	p.idle = append(p.idle, c)
	p.mu.Unlock()
	<-p.slots
}

// close closes the connections, all of which have been released.
func (p *pool) close() error {
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
