package sqlite

import "fincon/impl/store"

var tenantStatements = store.TenantStatements{
	ResetTenant: []string{
		`DELETE FROM sessions WHERE tenant BETWEEN ? AND ?`,
		`DELETE FROM idempotency_keys WHERE tenant BETWEEN ? AND ?`,
		`DELETE FROM accounts WHERE tenant BETWEEN ? AND ?`,
		`DELETE FROM session_accounts WHERE tenant BETWEEN ? AND ?`,
		`DELETE FROM authorizations WHERE tenant BETWEEN ? AND ?`,
		`DELETE FROM ownerships WHERE tenant BETWEEN ? AND ?`,
		`DELETE FROM transactions WHERE tenant BETWEEN ? AND ?`,
		`DELETE FROM transaction_refreshes WHERE tenant BETWEEN ? AND ?`,
		`DELETE FROM events WHERE tenant BETWEEN ? AND ?`,
		`DELETE FROM webhook_endpoints WHERE tenant BETWEEN ? AND ?`,
		`DELETE FROM deliveries WHERE tenant BETWEEN ? AND ?`,
		`DELETE FROM due WHERE tenant BETWEEN ? AND ?`,
		`DELETE FROM link_flows WHERE tenant BETWEEN ? AND ?`,
	},
}
