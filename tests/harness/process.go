package harness

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a process may take for what it does at once.
const patience = 30 * time.Second

// binary builds the command, once.
var binary = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "fincon-test-")
	if err != nil {
		return "", err
	}
	binaryFolder = folder
	path := filepath.Join(folder, "fincon")
	build := exec.Command("go", "build", "-o", path, "fincon/cmd/fincon")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", errors.New(string(output) + err.Error())
	}
	return path, nil
})

// binaryFolder holds the command once it was built.
var binaryFolder string

// Binary is the path of the command as its users build it.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := binary()
	require.NoError(t, err, "build the command")
	return path
}

func removeBinary() {
	if binaryFolder != "" {
		_ = os.RemoveAll(binaryFolder)
	}
}

// Result is how a command ended.
type Result struct {
	Status         int
	Stdout, Stderr string
}

// Command is one call of the command.
type Command struct {
	Args []string
	Env  []string // NAME=value, besides the test's own without FINCON_…
}

func (c Command) build(t testing.TB) *exec.Cmd {
	t.Helper()
	command := exec.Command(Binary(t), c.Args...)
	command.Dir = t.TempDir()
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "FINCON_") {
			command.Env = append(command.Env, variable)
		}
	}
	// Where a user's configuration would be: the same for all commands of a test run, and gone after it.
	home := filepath.Join(filepath.Dir(command.Path), "home")
	command.Env = append(command.Env, "HOME="+home, "XDG_CONFIG_HOME="+home)
	command.Env = append(command.Env, c.Env...)
	return command
}

// Run runs the command to its end, which has to come by itself.
func (c Command) Run(t testing.TB) Result {
	t.Helper()
	command := c.build(t)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	require.NoError(t, command.Start())
	timer := time.AfterFunc(patience, func() { _ = command.Process.Kill() })
	defer timer.Stop()
	err := command.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		require.NoError(t, err)
	}
	return Result{Status: command.ProcessState.ExitCode(), Stdout: stdout.String(), Stderr: stderr.String()}
}

// Process is a server, or another command that goes on, as a process of its own.
type Process struct {
	Target
	// Control is where it is controlled, when it was started with --test-clock.
	Control Target
	t       testing.TB
	command *exec.Cmd
	output  output
	ended   chan struct{}
}

// Run starts `fincon serve` with arguments, on a free port unless they say where, and waits until it listens.
func Run(t testing.TB, args ...string) *Process {
	t.Helper()
	return Command{Args: args}.Serve(t)
}

// Serve starts `fincon serve` with the command's arguments, on free ports unless they say where.
func (c Command) Serve(t testing.TB) *Process {
	t.Helper()
	standard := []string{"serve", "--listen", "127.0.0.1:0"}
	if slices.Contains(c.Args, "--test-clock") {
		standard = append(standard, "--control", "127.0.0.1:0")
	}
	c.Args = append(standard, c.Args...)
	address := make(chan string, 1)
	p := c.start(t, address)
	select {
	case found := <-address:
		p.URL = "http://" + strings.Replace(found, "[::]", "127.0.0.1", 1)
	case <-p.ended:
		require.Fail(t, "the server ended at its start", p.Output())
	case <-time.After(patience):
		require.Fail(t, "the server does not say where it listens", p.Output())
	}
	return p
}

// Start starts a command that goes on until it is stopped.
func (c Command) Start(t testing.TB) *Process {
	t.Helper()
	return c.start(t, make(chan string, 1))
}

func (c Command) start(t testing.TB, address chan<- string) *Process {
	t.Helper()
	command := c.build(t)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	p := &Process{t: t, command: command, ended: make(chan struct{})}
	command.Stderr = &p.output
	require.NoError(t, command.Start())
	t.Cleanup(p.Kill)
	go p.read(stdout, address)
	return p
}

var (
	banner     = regexp.MustCompile(`^fincon listens on http://(\S+)$`)
	controlled = regexp.MustCompile(`^  test  (http://\S+) `)
)

// read gathers the standard output and finds the addresses in it.
func (p *Process) read(stdout io.Reader, address chan<- string) {
	lines := bufio.NewScanner(stdout)
	listens := ""
	for lines.Scan() {
		_, _ = p.output.Write(append(lines.Bytes(), '\n'))
		if found := banner.FindStringSubmatch(lines.Text()); found != nil {
			listens = found[1]
		}
		if found := controlled.FindStringSubmatch(lines.Text()); found != nil {
			p.Control.URL = found[1]
		}
		if lines.Text() == "" && listens != "" { // the end of the addresses
			address <- listens
			listens = ""
		}
	}
	_ = p.command.Wait()
	close(p.ended)
}

// PID is the process's id.
func (p *Process) PID() int { return p.command.Process.Pid }

// Kill ends the process at once, without giving it a chance to do anything.
func (p *Process) Kill() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.ended
}

// Terminate asks the process to end, and does not wait for it.
func (p *Process) Terminate() {
	p.t.Helper()
	require.NoError(p.t, p.command.Process.Signal(syscall.SIGTERM))
}

// Wait waits for the end of the process and gives its exit status, -1 when a signal ended it.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		require.Fail(p.t, "the server does not end", p.Output())
	}
	return p.command.ProcessState.ExitCode()
}

// Stop asks the process to end and waits for it, which has to go well.
func (p *Process) Stop() {
	p.t.Helper()
	p.Terminate()
	require.Zero(p.t, p.Wait(), p.Output())
}

// Output is what the process has written so far, to both streams.
func (p *Process) Output() string { return p.output.String() }

// AwaitOutput waits until the process has written text.
func (p *Process) AwaitOutput(text string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return strings.Contains(p.Output(), text) }, patience, 5*time.Millisecond, text)
}

// output is what a process writes, from several goroutines.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(data)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
