package control

import (
	"context"

	api "fincon/gen/control"
	"fincon/impl/apikey"
	"fincon/impl/store"
)

// ResetTenant removes everything of a tenant (POST /tenant/reset).
func (c *Control) ResetTenant(ctx context.Context, _ api.ResetTenantRequestObject) (api.ResetTenantResponseObject, error) {
	tenant := apikey.From(ctx).Scope.Tenant
	if err := c.server.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.ResetTenant(ctx, tenant)
	}); err != nil {
		return nil, err
	}
	c.server.Faults.ClearTenant(tenant)
	c.server.Forget(tenant)
	return api.ResetTenant204Response{}, nil
}
