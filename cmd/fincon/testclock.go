package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"fincon/impl"
	"fincon/impl/clock"
	"fincon/impl/control"
	"fincon/impl/store"
)

// defaultControl is where the control listener is unless it is said.
const defaultControl = "127.0.0.1:12110"

// testFlags make a server one for tests.
type testFlags struct {
	TestClock bool   `help:"For tests: a clock that can be moved, and a second listener for its control (fincon clock, link, settle, reset)."`
	Control   string `help:"Loopback address to listen on for control, ${control} if it is not given; with --test-clock." placeholder:"HOST:PORT"`
}

func (f testFlags) faults() (faults configFaults) {
	if f.Control == "" {
		return nil
	}
	if !f.TestClock {
		faults = append(faults, "--control is where a server with a test clock is controlled: give --test-clock as well")
	}
	if fault := addressFault(f.Control); fault != "" {
		return append(faults, "--control "+fault)
	}
	if !isLoopback(f.Control) {
		faults = append(faults, fmt.Sprintf("--control %s could be reached from other machines: name a loopback address, such as %s",
			f.Control, defaultControl))
	}
	return faults
}

// clock is the server's time. A test's goes on from where it was moved to on this database.
func (f testFlags) clock(ctx context.Context, kept *store.Store, log *slog.Logger) (*clock.Clock, error) {
	offset, err := control.Offset(ctx, kept)
	if err != nil {
		return nil, err
	}
	if f.TestClock {
		return clock.Test(offset), nil
	}
	if offset > time.Second {
		log.Warn("the clock of this database was moved ahead by a server with --test-clock; this server has the real time, and "+
			"what was made due later waits for it", "ahead", offset)
	}
	return clock.Real(), nil
}

// plans are the faults that tests plan, nil on a server that is not for tests.
func (f testFlags) plans() *impl.Faults {
	if !f.TestClock {
		return nil
	}
	return impl.NewFaults()
}

// controlListener is the second listener of a server for tests; nil on others.
type controlListener struct {
	address string
	web     *http.Server
}

// listen begins to serve control. What runs there when ctx ends is interrupted.
func (f testFlags) listen(ctx context.Context, server *impl.Server, log *slog.Logger) (*controlListener, error) {
	if !f.TestClock {
		return nil, nil
	}
	handler, err := control.New(server)
	if err != nil {
		return nil, err
	}
	address := f.Control
	if address == "" {
		address = defaultControl
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen for control: %w", err)
	}
	l := &controlListener{address: listener.Addr().String(), web: &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readTimeout, // and nothing else: three days take as long as there is to do in them
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
	go func() {
		if err := l.web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("control cannot be served any more", "cause", err)
		}
	}()
	return l, nil
}

// close waits for what is running, which ends soon.
func (l *controlListener) close() {
	if l == nil {
		return
	}
	deadline, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	_ = l.web.Shutdown(deadline) // the process ends
}
