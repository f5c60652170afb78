package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"fincon/impl/store"
	"fincon/impl/vault"
)

// vaultCheck is the setting that holds a text sealed with the database's key.
const vaultCheck = "vault.check"

// vault opens what is secret in the database: with the key in the key file, which is made when there is none.
func (c *serveCommand) vault(ctx context.Context, kept *store.Store) (*vault.Vault, error) {
	if c.DB == ":memory:" && c.KeyFile == "" {
		return vault.Random(), nil
	}
	path, err := c.keyFile()
	if err != nil {
		return nil, err
	}
	opened, err := vault.FromFile(path)
	if err != nil {
		return nil, err
	}
	return opened, checkVault(ctx, kept, opened, path)
}

// keyFile is beside an embedded database, and in the user's configuration folder for others.
func (c *serveCommand) keyFile() (string, error) {
	if c.KeyFile != "" {
		return c.KeyFile, nil
	}
	if !isPostgres(c.DB) {
		return c.DB + ".key", nil
	}
	folder, err := os.UserConfigDir()
	if err != nil {
		return "", configFaults{"--key-file is needed: there is no folder of yours to keep the key in"}
	}
	folder = filepath.Join(folder, "fincon")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for the key (or give --key-file): %w", err)
	}
	return filepath.Join(folder, "fincon.key"), nil
}

// checkVault refuses a key that is not the one that the database's secrets were sealed with.
func checkVault(ctx context.Context, kept *store.Store, opened *vault.Vault, path string) error {
	sealed, err := kept.Setting(ctx, vaultCheck)
	if errors.Is(err, store.ErrNotFound) {
		if sealed, err = opened.Seal([]byte(vaultCheck)); err != nil {
			return err
		}
		return kept.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.SetSetting(ctx, vaultCheck, sealed) })
	}
	if err != nil {
		return err
	}
	if _, err := opened.Open(sealed); err != nil {
		return fmt.Errorf("the database's secrets were sealed with another key than the one in %s: give the right file with "+
			"--key-file", path)
	}
	return nil
}
