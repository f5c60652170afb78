package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"fincon/impl/store"
	"fincon/impl/store/postgres"
	"fincon/impl/store/sqlite"
)

// configFaults is everything that is wrong with the configuration, so that it can be put right at once.
type configFaults []string

func (f configFaults) Error() string {
	return "the configuration cannot be used:\n  - " + strings.Join(f, "\n  - ")
}

func (c *serveCommand) check() error {
	var faults configFaults
	if fault := addressFault(c.Listen); fault != "" {
		faults = append(faults, "--listen "+fault)
	}
	if fault := databaseFault(c.DB); fault != "" {
		faults = append(faults, "--db "+fault)
	}
	if c.DB == ":memory:" && !c.open() {
		faults = append(faults, "--db :memory: keeps no registered keys, which --listen "+c.Listen+" needs: name a file or "+
			"a PostgreSQL database")
	}
	if new(slog.Level).UnmarshalText([]byte(c.LogLevel)) != nil {
		faults = append(faults, fmt.Sprintf("--log-level %q is none of debug, info, warn, error", c.LogLevel))
	}
	if !slices.Contains(logFormats, c.LogFormat) {
		faults = append(faults, fmt.Sprintf("--log-format %q is none of %s", c.LogFormat, strings.Join(logFormats, ", ")))
	}
	if c.PublicURL != "" && !isPublicURL(c.PublicURL) {
		faults = append(faults, fmt.Sprintf("--public-url %q is no URL such as https://link.example.com, without a query", c.PublicURL))
	}
	if len([]rune(c.BusinessName)) > longestBusinessName {
		faults = append(faults, fmt.Sprintf("--business-name has more than %d characters", longestBusinessName))
	}
	for _, text := range c.WebhookAllow {
		if _, err := netip.ParsePrefix(text); err != nil {
			faults = append(faults, fmt.Sprintf("--webhook-allow %q is no network, such as 172.18.0.0/16", text))
		}
	}
	if c.WebhookTimeout <= 0 {
		faults = append(faults, "--webhook-timeout must be more than nothing, such as 10s")
	}
	if c.ShutdownTimeout < 0 {
		faults = append(faults, "--shutdown-timeout cannot be negative")
	}
	faults = append(faults, c.testFlags.faults()...)
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// longestBusinessName still fits a title on a phone.
const longestBusinessName = 80

func isPublicURL(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Hostname() != "" && parsed.User == nil &&
		parsed.RawQuery == "" && !strings.ContainsAny(text, "?# ")
}

func addressFault(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Sprintf("%q is no HOST:PORT, such as 127.0.0.1:12111", address)
	}
	if number, err := strconv.Atoi(port); err != nil || number < 0 || number > 65535 {
		return fmt.Sprintf("%q has no port between 0 and 65535", address)
	}
	return ""
}

func databaseFault(dsn string) string {
	if isPostgres(dsn) {
		if _, err := url.Parse(dsn); err != nil {
			return "is no postgres:// URL that can be read" // the error's text would show the password
		}
		return ""
	}
	if scheme, _, found := strings.Cut(dsn, "://"); found {
		return fmt.Sprintf("begins with %s://, which is not known: give a file's path, :memory: or postgres://…", scheme)
	}
	if dsn == "" {
		return "is empty: give a file's path, :memory: or postgres://…"
	}
	if dsn == ":memory:" {
		return ""
	}
	if folder := filepath.Dir(dsn); !isFolder(folder) {
		return fmt.Sprintf("%s: there is no folder %s; make it first", dsn, folder)
	}
	if isFolder(dsn) {
		return dsn + " is a folder: name a file in it"
	}
	return ""
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// redactDSN shows where the data is without the password.
func redactDSN(dsn string) string {
	if !isPostgres(dsn) {
		return dsn
	}
	parsed, err := url.Parse(dsn)
	if err != nil {
		return "postgres://…"
	}
	query := parsed.Query()
	if query.Has("password") {
		query.Set("password", "xxxxx")
		parsed.RawQuery = query.Encode()
	}
	return parsed.Redacted()
}

// purpose is what a store is opened for.
type purpose bool

const (
	forServing purpose = false // the process owns an embedded database
	forKeys    purpose = true  // a server may be running on it
)

func openStore(ctx context.Context, dsn string, what purpose) (*store.Store, error) {
	if isPostgres(dsn) {
		return postgres.Open(ctx, dsn, postgres.Options{})
	}
	return sqlite.Open(ctx, dsn, sqlite.Options{Shared: bool(what)})
}
