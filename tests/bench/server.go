package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// startLimit is how long a server may take to its first answer before the run fails.
const startLimit = 30 * time.Second

// A server is a running target.
type server struct {
	target *target
	addr   string
	cmd    *exec.Cmd
	exited chan struct{} // closed once the process is gone
	log    *bytes.Buffer // read it only after exited is closed
	// startup is the time from before the process was started to its first answer.
	startup time.Duration
}

// start runs a target in a fresh directory and waits for its first answer.
func (b *bench) start(ctx context.Context, t *target) (*server, error) {
	dir, err := os.MkdirTemp(b.work, "db-")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s := &server{target: t, addr: addr, exited: make(chan struct{}), log: &bytes.Buffer{}}
	s.cmd = b.pinning.command(ctx, t.argv(addr, dir))
	s.cmd.Dir = dir
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", t.name, err)
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

// stop ends the server and deletes its database.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(os.Interrupt)
	select {
	case <-s.exited:
	case <-time.After(10 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
	if strings.HasPrefix(filepath.Base(s.cmd.Dir), "db-") {
		_ = os.RemoveAll(s.cmd.Dir)
	}
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
