// Command fincon is a self-hosted Financial Connections server.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"fincon/openapi"
)

// exitUsage is the status when a flag or an argument is not as it must be; other failures exit with 1.
const exitUsage = 2

type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Keys    keysCommand    `cmd:"" help:"Register API keys, which a server needs that others than this machine can reach."`
	Clock   clockCommand   `cmd:"" help:"Show or move the clock of a server with --test-clock."`
	Settle  settleCommand  `cmd:"" help:"Wait until a server with --test-clock has nothing left to do."`
	Link    linkCommand    `cmd:"" help:"Link accounts in a session without a browser, on a server with --test-clock."`
	Events  eventsCommand  `cmd:"" help:"List or follow a tenant's events, or deliver one again."`
	Reset   resetCommand   `cmd:"" help:"Remove everything of a tenant, on a server with --test-clock."`
	OpenAPI openapiCommand `cmd:"" name:"openapi" help:"Print the OpenAPI document."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// streams are where a command writes.
type streams struct{ out, err io.Writer }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the server in good order; with the handler gone, a second one ends it at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr}))
}

func run(ctx context.Context, args []string, io streams) int {
	status := -1
	parser, err := kong.New(&commands{},
		kong.Name("fincon"),
		kong.Description("A self-hosted Financial Connections server. Every flag can also be given as an environment "+
			"variable: FINCON_ and its name in capitals, as in FINCON_LISTEN."),
		kong.DefaultEnvars("FINCON"),
		kong.Vars{"control": defaultControl},
		kong.UsageOnError(),
		kong.Writers(io.out, io.err),
		kong.Exit(func(code int) { status = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(io),
	)
	if err != nil {
		panic(err) // the command's own structure is wrong
	}
	command, err := parser.Parse(args)
	if status >= 0 { // --help was printed
		return status
	}
	if err != nil {
		fmt.Fprintln(io.err, "fincon:", err)
		return exitUsage
	}
	if err := command.Run(); err != nil {
		fmt.Fprintln(io.err, "fincon:", err)
		if errors.As(err, new(configFaults)) {
			return exitUsage
		}
		return 1
	}
	return 0
}

type versionCommand struct{}

func (versionCommand) Run(io streams) error {
	fmt.Fprintln(io.out, "fincon", buildVersion())
	return nil
}

// buildVersion is what the Go tool knows of the build: the module's version or the commit.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && (version == "" || version == "(devel)") {
			version = setting.Value
		}
	}
	return fmt.Sprintf("%s (%s)", version, info.GoVersion)
}

type openapiCommand struct {
	Format string `help:"yaml or json." default:"yaml" enum:"yaml,json"`
}

func (c openapiCommand) Run(io streams) error {
	document := openapi.YAML
	if c.Format == "json" {
		document = openapi.JSON
	}
	_, err := io.out.Write(document)
	return err
}
