package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// mockModule is the public Go mock of the API that fincon is compared with.
const mockModule = "github.com/stripe/stripe-mock@v0.203.0"

// A bench is what all scenarios of one run share: the built servers, the machine, the flags.
type bench struct {
	options
	machine  machine
	pinning  pinning
	work     string // holds binaries and databases
	ownsWork bool

	measured, disturbed int // measurements so far, and those during which the machine was not quiet

	bareBin string
	bare    *target
	sqlite  *target
	// postgres is nil unless FINCON_TEST_POSTGRES names a server.
	postgres *target
	// mock is nil when the public mock could not be installed; mockMissing says why.
	mock        *target
	mockMissing string
}

func newBench(ctx context.Context, o options) (*bench, error) {
	b := &bench{options: o, machine: describeMachine(ctx)}
	if err := b.makeWork(); err != nil {
		return nil, err
	}
	if err := b.build(ctx); err != nil {
		b.close()
		return nil, err
	}
	// After the builds, which may use both cores.
	b.pinning = pinGenerator(ctx)
	b.logf("%s", b.pinning)
	return b, nil
}

func (b *bench) makeWork() error {
	if b.dir != "" {
		dir, err := filepath.Abs(b.dir)
		if err != nil {
			return err
		}
		b.work = dir
		return os.MkdirAll(dir, 0o755)
	}
	dir, err := os.MkdirTemp("", "fincon-bench-")
	if err != nil {
		return err
	}
	b.work, b.ownsWork = dir, true
	return nil
}

func (b *bench) close() {
	if b.ownsWork {
		_ = os.RemoveAll(b.work)
	}
}

func (b *bench) build(ctx context.Context) error {
	b.bareBin = filepath.Join(b.work, "bare")
	if err := goBuild(ctx, b.bareBin, "./tests/bench/bare"); err != nil {
		return err
	}
	finconBin := b.binary
	if finconBin == "" {
		finconBin = filepath.Join(b.work, "fincon")
		if err := goBuild(ctx, finconBin, "./cmd/fincon"); err != nil {
			return err
		}
	}
	b.bare = bareTarget(b.bareBin)
	b.sqlite = sqliteTarget(finconBin)
	if dsn := os.Getenv("FINCON_TEST_POSTGRES"); dsn != "" {
		b.postgres = postgresTarget(finconBin, dsn)
	}
	return b.installMock(ctx)
}

func goBuild(ctx context.Context, out, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, text)
	}
	return nil
}

// installMock leaves b.mock nil when the mock cannot be had, for example without a network; only a cancelled run is an
// error.
func (b *bench) installMock(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(limited, "go", "install", mockModule)
	cmd.Dir = b.work
	cmd.Env = append(os.Environ(), "GOBIN="+b.work, "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		b.mockMissing = fmt.Sprintf("%s could not be installed (%v)", mockModule, err)
		b.logf("%s\n%s", b.mockMissing, text)
		return ctx.Err()
	}
	b.mock = mockTarget(filepath.Join(b.work, "stripe-mock"))
	return nil
}

// targets lists the servers in the order in which they take turns.
func (b *bench) targets() []*target {
	var all []*target
	for _, t := range []*target{b.bare, b.sqlite, b.postgres, b.mock} {
		if t != nil {
			all = append(all, t)
		}
	}
	return all
}

// databases lists fincon on each kind of database.
func (b *bench) databases() []*target {
	if b.postgres == nil {
		return []*target{b.sqlite}
	}
	return []*target{b.sqlite, b.postgres}
}

func (b *bench) logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

// origin says where and when a section was measured.
func (b *bench) origin() string {
	length := fmt.Sprintf("%d rounds of %s after %s of warm-up", b.rounds, b.window, b.warmup)
	if b.quick {
		length += ", **quick run: not to be quoted**"
	}
	return fmt.Sprintf("%s; commit %s; %s. %s. %s.", time.Now().UTC().Format(time.DateOnly), b.machine.commit,
		b.machine, b.pinning, length)
}
