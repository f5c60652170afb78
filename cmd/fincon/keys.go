package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"
	"text/tabwriter"
	"time"

	"fincon/impl/apikey"
	"fincon/impl/id"
	"fincon/impl/store"
)

type keysCommand struct {
	Create keysCreateCommand `cmd:"" help:"Make keys for a tenant and print them; they are not shown again."`
	List   keysListCommand   `cmd:"" help:"List the keys, without their secret part."`
	Revoke keysRevokeCommand `cmd:"" help:"End a key for good."`
}

// keysDatabase is the database that the keys are kept in.
type keysDatabase struct {
	DB string `name:"db" help:"Where the data is: a file or postgres://…" default:"fincon.db" placeholder:"PATH|postgres://…"`
}

func (d keysDatabase) with(ctx context.Context, work func(*store.Store) error) error {
	fault := databaseFault(d.DB)
	if d.DB == ":memory:" {
		fault = ":memory: keeps nothing: name a file or a PostgreSQL database"
	}
	if fault != "" {
		return configFaults{"--db " + fault}
	}
	kept, err := openStore(ctx, d.DB, forKeys)
	if err != nil {
		return err
	}
	defer kept.Close()
	return work(kept)
}

type keysCreateCommand struct {
	keysDatabase
	Tenant string `help:"Whose keys: the tenant's name." required:"" placeholder:"NAME"`
	Live   bool   `help:"Make live keys; test keys otherwise."`
}

var tenantName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// Run makes a secret and a publishable key, which belong together.
func (c *keysCreateCommand) Run(ctx context.Context, io streams) error {
	if !tenantName.MatchString(c.Tenant) {
		return configFaults{"--tenant is a name of letters, digits, dots, dashes and underscores, of at most 100 characters"}
	}
	mode := "test_"
	if c.Live {
		mode = "live_"
	}
	return c.with(ctx, func(kept *store.Store) error {
		keys := []string{id.Secret("sk_" + mode), id.Secret("rk_" + mode), id.Secret("pk_" + mode)}
		for _, key := range keys {
			if err := kept.InsertAPIKey(ctx, newKey(key, c.Tenant)); err != nil {
				return err
			}
		}
		for _, key := range keys {
			fmt.Fprintln(io.out, key)
		}
		return nil
	})
}

func newKey(key, tenant string) store.APIKey {
	caller, _, _ := apikey.Parse(key)
	hash := sha256.Sum256([]byte(key))
	return store.APIKey{
		Hash: hash[:], Tenant: tenant, Livemode: caller.Scope.Livemode, Kind: string(caller.Kind),
		Created: time.Now().Unix(), Hint: apikey.Mask(key),
	}
}

type keysListCommand struct{ keysDatabase }

// Run lists the keys.
func (c *keysListCommand) Run(ctx context.Context, io streams) error {
	return c.with(ctx, func(kept *store.Store) error {
		keys, err := kept.APIKeys(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "TENANT\tKIND\tKEY\tCREATED\tREVOKED")
		for _, key := range keys {
			revoked := "-"
			if key.Revoked != 0 {
				revoked = time.Unix(key.Revoked, 0).UTC().Format(time.RFC3339)
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", key.Tenant, key.Kind, key.Hint,
				time.Unix(key.Created, 0).UTC().Format(time.RFC3339), revoked)
		}
		return table.Flush()
	})
}

type keysRevokeCommand struct {
	keysDatabase
	Key string `arg:"" help:"The key, in full."`
}

// Run revokes the key. A running server refuses it within a few seconds.
func (c *keysRevokeCommand) Run(ctx context.Context, io streams) error {
	return c.with(ctx, func(kept *store.Store) error {
		hash := sha256.Sum256([]byte(c.Key))
		err := kept.RevokeAPIKey(ctx, hash[:], time.Now().Unix())
		if err != nil {
			return fmt.Errorf("revoke %s: %w", apikey.Mask(c.Key), err)
		}
		fmt.Fprintln(io.out, "revoked", apikey.Mask(c.Key))
		return nil
	})
}
