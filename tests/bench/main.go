// Bench measures fincon from outside, side by side with a bare echo handler and with the public Go mock of the API, and
// says which of the numbers the project holds itself to are held.
//
// It builds the servers, gives them one core and the load generator another, and lets them take turns in rounds, so
// that a busy moment of the machine hurts all of them alike. Nothing here fails because a number is missed: a slow
// machine is no fault of the code. It fails when a server answers wrongly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench: FAILED:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	opts, err := parseOptions(args)
	if err != nil {
		return err
	}
	chosen, err := chooseScenarios(opts)
	if err != nil {
		return err
	}
	bench, err := newBench(ctx, opts)
	if err != nil {
		return err
	}
	defer bench.close()

	var numbers []number
	for _, s := range chosen {
		bench.logf("== %s", s.name)
		rep, err := s.run(ctx, bench)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		numbers = append(numbers, rep.numbers...)
		section := rep.markdown(s.title, bench.origin())
		fmt.Printf("\n%s\n", section)
		if err := saveSection(opts.results, s.name, section); err != nil {
			return err
		}
	}
	fmt.Printf("\n## Numbers to hold, all of this run\n\n%s", numbersTable(numbers))
	return nil
}

// options are the flags of one run.
type options struct {
	quick   bool
	only    []string
	large   bool
	stored  int
	rounds  int
	window  time.Duration
	warmup  time.Duration
	dir     string
	binary  string
	results string
}

func parseOptions(args []string) (options, error) {
	var o options
	var only string
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.BoolVar(&o.quick, "quick", false, "short rounds and small fills: to see that everything works, not to quote")
	fs.StringVar(&only, "only", "", "comma separated scenarios to run: "+strings.Join(scenarioNames(), ", "))
	fs.BoolVar(&o.large, "large", false, "also run the scenario large, which stores millions of sessions first")
	fs.IntVar(&o.stored, "stored", 10_000_000, "sessions that the scenario large stores")
	fs.IntVar(&o.rounds, "rounds", 5, "rounds; every server has a turn in each")
	fs.DurationVar(&o.window, "window", 3*time.Second, "length of one measurement")
	fs.DurationVar(&o.warmup, "warmup", time.Second, "load before each measurement that is not counted")
	fs.StringVar(&o.dir, "dir", "", "directory for databases and binaries (default: a fresh temporary one)")
	fs.StringVar(&o.binary, "fincon", "", "measure this fincon binary instead of building ./cmd/fincon")
	fs.StringVar(&o.results, "results", "tests/bench/RESULTS.md", "file whose sections are replaced; empty for none")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	if o.quick {
		o.shorten(fs)
	}
	if o.rounds < 1 || o.window <= 0 || o.warmup < 0 || o.stored < 1 {
		return o, errors.New("-rounds, -window and -stored must be positive")
	}
	return o, nil
}

// shorten applies -quick to whatever was not set explicitly.
func (o *options) shorten(fs *flag.FlagSet) {
	set := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { set[f.Name] = true })
	if !set["rounds"] {
		o.rounds = 2
	}
	if !set["window"] {
		o.window = 500 * time.Millisecond
	}
	if !set["warmup"] {
		o.warmup = 200 * time.Millisecond
	}
	if !set["stored"] {
		o.stored = 100_000
	}
}
