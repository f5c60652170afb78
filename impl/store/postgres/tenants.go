package postgres

import "fincon/impl/store"

var tenantStatements = store.TenantStatements{
	ResetTenant: []string{
		`DELETE FROM sessions WHERE tenant BETWEEN $1 AND $2`,
		`DELETE FROM idempotency_keys WHERE tenant BETWEEN $1 AND $2`,
		`DELETE FROM accounts WHERE tenant BETWEEN $1 AND $2`,
		`DELETE FROM session_accounts WHERE tenant BETWEEN $1 AND $2`,
		`DELETE FROM authorizations WHERE tenant BETWEEN $1 AND $2`,
		`DELETE FROM ownerships WHERE tenant BETWEEN $1 AND $2`,
		`DELETE FROM transactions WHERE tenant BETWEEN $1 AND $2`,
		`DELETE FROM transaction_refreshes WHERE tenant BETWEEN $1 AND $2`,
		`DELETE FROM events WHERE tenant BETWEEN $1 AND $2`,
		`DELETE FROM webhook_endpoints WHERE tenant BETWEEN $1 AND $2`,
		`DELETE FROM deliveries WHERE tenant BETWEEN $1 AND $2`,
		`DELETE FROM due WHERE tenant BETWEEN $1 AND $2`,
		`DELETE FROM link_flows WHERE tenant BETWEEN $1 AND $2`,
	},
}
