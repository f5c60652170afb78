package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// A machine is what a reader must know of the computer to judge a number.
type machine struct {
	cpu    string
	cores  int
	kernel string
	golang string
	commit string // what was measured; "+changes" when the checkout differs from it
}

func describeMachine(ctx context.Context) machine {
	return machine{
		cpu:    cpuModel(ctx),
		cores:  runtime.NumCPU(),
		kernel: output(ctx, "uname", "-sr"),
		golang: runtime.Version(),
		commit: commit(ctx),
	}
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s, %s", m.cpu, m.cores, m.kernel, m.golang)
}

func cpuModel(ctx context.Context) string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return output(ctx, "sysctl", "-n", "machdep.cpu.brand_string")
	}
	for line := range strings.Lines(string(info)) {
		if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return runtime.GOARCH
}

func commit(ctx context.Context) string {
	id := output(ctx, "git", "rev-parse", "--short=12", "--verify", "HEAD")
	// The results themselves do not count as a change.
	if changes := output(ctx, "git", "status", "--porcelain", "--", ".", ":!tests/bench/RESULTS.md"); changes != "" {
		id += "+changes"
	}
	return id
}

// output is a command's trimmed standard output, or "unknown" when it fails.
func output(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
