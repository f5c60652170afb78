package store

import (
	"context"
	"fmt"
)

// TenantStatements is the SQL about tenants as a whole.
type TenantStatements struct {
	// ResetTenant has one statement for each table: tenant from, to, both inclusive.
	ResetTenant []string
}

// connected is what is between a tenant's name and that of an account connected to it, in the name of the latter.
const connected = "/acct_"

// ResetTenant removes everything of a tenant, in both modes and of its connected accounts (tenants called
// "tenant/acct_…") too, except API keys. It takes as long as there is data.
func (t *Tx) ResetTenant(ctx context.Context, tenant string) error {
	of := tenant + connected
	for _, query := range t.store.sql.ResetTenant {
		for _, tenants := range [][2]string{{tenant, tenant}, {of, of + newest.id}} {
			if err := t.conn.Send(ctx, query, tenants[0], tenants[1]); err != nil {
				return fmt.Errorf("resetting tenant: %w", err)
			}
		}
	}
	t.changed(change{key: cacheKey{scope: Scope{Tenant: tenant}}, update: true, reset: true})
	return nil
}
