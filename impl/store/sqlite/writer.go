package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"fincon/impl/store"
)

// maxGroup bounds how many units of work share a commit, and so how long the first of them waits for the others.
const maxGroup = 128

// request is one unit of work on its way through the writer.
type request struct {
	ctx  context.Context
	work store.Work
	err  error
	done chan error // has room for one: the writer never waits for a caller
}

var requests = sync.Pool{New: func() any { return &request{done: make(chan error, 1)} }}

// Write implements store.Engine. It does not return before the work's fate is known, whatever becomes of ctx: until
// then the writer may be running the caller's function.
func (e *engine) Write(ctx context.Context, work store.Work) error {
	r := requests.Get().(*request)
	r.ctx, r.work, r.err = ctx, work, nil
	if err := e.enqueue(r); err != nil {
		return err
	}
	err := <-r.done
	r.ctx, r.work, r.err = nil, nil, nil
	requests.Put(r)
	return err
}

func (e *engine) enqueue(r *request) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return store.ErrClosed
	}
	select {
	case e.queue <- r:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// write is the only writer: it takes what is queued, and commits it together. One wait for the disk then serves all
// that came while it was waiting for the last.
func (e *engine) write() {
	var group []*request
	var c *conn
	ended := false
	defer func() {
		if ended {
			close(e.stopped)
			return
		}
		// A function has ended this goroutine with runtime.Goexit, as a failed assertion in a test does.
		_ = c.once("ROLLBACK")
		e.release(c)
		answer(group, errGoexit)
		go e.write()
	}()
	for first := range e.queue {
		group = append(group[:0], first)
		runtime.Gosched() // those who were just answered queue what they write next
		group = e.fill(group)
		c = e.acquire()
		err := e.commit(c, group)
		e.release(c)
		answer(group, err)
		clear(group)
	}
	ended = true
}

var errGoexit = errors.New("a function in the same group ended the writer's goroutine")

func (e *engine) fill(group []*request) []*request {
	for len(group) < maxGroup {
		select {
		case r, ok := <-e.queue:
			if !ok {
				return group
			}
			group = append(group, r)
		default:
			return group
		}
	}
	return group
}

// acquire returns the connection that writes. In memory it is the one that reads, too.
func (e *engine) acquire() *conn {
	if e.writer != nil {
		return e.writer
	}
	c, _ := e.readers.acquire(context.Background()) // it is open
	return c
}

func (e *engine) release(c *conn) {
	if c != e.writer {
		e.readers.release(c)
	}
}

// answer tells everybody in the group how it went: err for all, or each its own.
func answer(group []*request, err error) {
	for _, r := range group {
		if err == nil {
			r.done <- r.err
		} else {
			r.done <- err
		}
	}
}

// commit runs the group in one transaction. An error is about the whole group: nothing of it is kept.
func (e *engine) commit(c *conn, group []*request) error {
	err := e.run(c, group)
	if err == nil {
		for _, r := range group {
			if r.err == nil {
				r.work.Committing()
			}
		}
		if err = c.run("COMMIT"); err != nil {
			err = fmt.Errorf("committing: %w", err)
		}
		for _, r := range group {
			if r.err == nil {
				r.work.Committed(err)
			}
		}
	}
	if err != nil {
		_ = c.once("ROLLBACK")
	}
	return err
}

// carefulGroups is how many groups run with savepoints after one that needed them.
const carefulGroups = 100

// run leaves a transaction open, in which is what the units that did not fail have done. To undo one that fails takes
// a savepoint, and savepoints make each unit a fifth dearer; failures being rare, a group runs without, and once more
// from the start if one has failed after it changed something.
func (e *engine) run(c *conn, group []*request) error {
	if err := c.run("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	if e.careful == 0 {
		if runAll(c, group) {
			return nil
		}
		_ = c.once("ROLLBACK") // an error if there is nothing left to undo
		if err := c.run("BEGIN IMMEDIATE"); err != nil {
			return fmt.Errorf("beginning again: %w", err)
		}
		e.careful = carefulGroups
	}
	e.careful--
	return runEach(c, group)
}

// runAll returns false if there is something to undo.
func runAll(c *conn, group []*request) bool {
	for _, r := range group {
		if r.run(c); r.err != nil && c.changed {
			return false
		}
	}
	return true
}

// runEach runs each unit in a savepoint. An error means that the transaction is no more: SQLite ends it by itself
// when, say, the disk is full, and then there is no savepoint to go back to, or to release.
func runEach(c *conn, group []*request) error {
	for _, r := range group {
		if err := c.run("SAVEPOINT unit"); err != nil {
			return fmt.Errorf("the transaction is lost: %w", err)
		}
		if r.run(c); r.err != nil {
			if err := c.run("ROLLBACK TO unit"); err != nil {
				return fmt.Errorf("the transaction is lost: %w", errors.Join(r.err, err))
			}
		}
		if err := c.run("RELEASE unit"); err != nil {
			return fmt.Errorf("the transaction is lost: %w", err)
		}
	}
	return nil
}

// run runs the unit of work, unless nobody waits for it any more.
func (r *request) run(c *conn) {
	c.failed, c.changed = nil, false
	if r.err = r.ctx.Err(); r.err != nil {
		return
	}
	if r.err = r.work.Run(r.ctx, c); r.err == nil {
		r.err = c.failed
	}
}
