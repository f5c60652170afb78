package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
)

const (
	serverCore    = "0"
	generatorCore = "1"
)

// Pinning says whether servers and generator have a core each. It needs taskset, and two cores.
type pinning struct {
	taskset string // path of the program; empty when nothing is pinned
	reason  string // why nothing is pinned
}

func (p pinning) String() string {
	if p.taskset == "" {
		return "Not pinned to cores (" + p.reason + "): server and generator share the machine"
	}
	return fmt.Sprintf("Server on core %s with GOMAXPROCS=1, load generator on core %s", serverCore, generatorCore)
}

// pinGenerator moves this process to its core. It is called once, before any load.
func pinGenerator(ctx context.Context) pinning {
	if runtime.NumCPU() < 2 {
		return pinning{reason: "one core only"}
	}
	path, err := exec.LookPath("taskset")
	if err != nil {
		return pinning{reason: "no taskset on this system"}
	}
	cmd := exec.CommandContext(ctx, path, "-a", "-c", "-p", generatorCore, strconv.Itoa(os.Getpid()))
	if text, err := cmd.CombinedOutput(); err != nil {
		return pinning{reason: fmt.Sprintf("taskset: %v %.80q", err, text)}
	}
	runtime.GOMAXPROCS(1)
	return pinning{taskset: path}
}

// command is the command line that runs a server on its core, or on both. taskset replaces itself by the server: the
// process id is the server's.
func (p pinning) command(ctx context.Context, allCores bool, argv []string) *exec.Cmd {
	env := os.Environ()
	switch {
	case p.taskset == "":
	case allCores:
		argv = append([]string{p.taskset, "-c", serverCore + "," + generatorCore}, argv...)
		env = append(env, "GOMAXPROCS=2")
	default:
		argv = append([]string{p.taskset, "-c", serverCore}, argv...)
		env = append(env, "GOMAXPROCS=1")
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = env
	return cmd
}
