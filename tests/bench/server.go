package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"

	"fincon/impl/store"
)

// startLimit is how long a server may take to its first answer before the run fails.
const startLimit = 30 * time.Second

// A server is a running target.
type server struct {
	*place
	addr   string
	cmd    *exec.Cmd
	exited chan struct{} // closed once the process is gone
	log    *bytes.Buffer // read it only after exited is closed
	// startup is the time from before the process was started to its first answer.
	startup time.Duration
}

// start runs a target in a place of its own and waits for its first answer.
func (b *bench) start(ctx context.Context, t *target) (*server, error) {
	p, err := b.newPlace(ctx, t)
	if err != nil {
		return nil, err
	}
	return b.startIn(ctx, p)
}

// startFilledBy is start on a database that was filled through the store.
func (b *bench) startFilledBy(ctx context.Context, t *target, put func(context.Context, *store.Store) error) (*server, error) {
	p, err := b.newPlace(ctx, t)
	if err != nil {
		return nil, err
	}
	if err := p.fill(ctx, put); err != nil {
		p.remove()
		return nil, fmt.Errorf("filling the database of %s: %w", t.name, err)
	}
	return b.startIn(ctx, p)
}

// startIn is start in a place that may have been filled. The place is the server's: it goes with it.
func (b *bench) startIn(ctx context.Context, p *place) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		p.remove()
		return nil, err
	}
	s := &server{place: p, addr: addr, exited: make(chan struct{}), log: &bytes.Buffer{}}
	s.cmd = b.pinning.command(ctx, p.target.allCores, p.target.argv(addr, p.db))
	s.cmd.Dir = p.dir
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		p.remove()
		return nil, fmt.Errorf("starting %s: %w", p.target.name, err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.exited)
	}()
	if err := s.await(ctx, began); err != nil {
		s.stop()
		return nil, fmt.Errorf("%w\n%s", err, s.log)
	}
	return s, nil
}

// await polls until the server answers anything at all.
func (s *server) await(ctx context.Context, began time.Time) error {
	request := retrieveRequest("x")
	for time.Since(began) < startLimit {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.exited:
			return fmt.Errorf("%s ended by itself: %s", s.target.name, s.cmd.ProcessState)
		case <-time.After(200 * time.Microsecond):
		}
		if _, err := exchange(s.addr, request, startLimit); err == nil {
			s.startup = time.Since(began)
			return nil
		}
	}
	return fmt.Errorf("%s did not answer within %s", s.target.name, startLimit)
}

// stop ends the server and removes its place.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(os.Interrupt)
	select {
	case <-s.exited:
	case <-time.After(10 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
	s.remove()
}

func (s *server) process() process {
	return process(s.cmd.Process.Pid)
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
