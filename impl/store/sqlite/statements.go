package sqlite

import "fincon/impl/store"

// Statements is SQLite's text. Where parameters stand in the order of the arguments they have no numbers: the driver
// takes a numbered one for a name, and looks for it.
var Statements = store.Statements{
	AccountStatements:         accountStatements,
	AuthorizationStatements:   authorizationStatements,
	OwnershipStatements:       ownershipStatements,
	TransactionStatements:     transactionStatements,
	EventStatements:           eventStatements,
	WebhookEndpointStatements: webhookEndpointStatements,
	DeliveryStatements:        deliveryStatements,
	DueStatements:             dueStatements,
	SettingStatements:         settingStatements,
	TenantStatements:          tenantStatements,
	FlowStatements:            flowStatements,
	SandboxGrantStatements:    sandboxGrantStatements,

	InsertSession: `
INSERT INTO sessions (tenant, livemode, id, body) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING`,

	UpdateSession: `
UPDATE sessions SET body = ?4 WHERE tenant = ?1 AND livemode = ?2 AND id = ?3`,

	Session: `
SELECT body FROM sessions WHERE tenant = ? AND livemode = ? AND id = ?`,

	SessionForUpdate: `
SELECT body FROM sessions WHERE tenant = ? AND livemode = ? AND id = ?`,

	SessionExists: `
SELECT EXISTS (SELECT 1 FROM sessions WHERE tenant = ? AND livemode = ? AND id = ?)`,

	OlderSessions: `
SELECT id, body FROM sessions WHERE tenant = ? AND livemode = ? AND id > ? AND id < ?
ORDER BY id DESC LIMIT ?`,

	NewerSessions: `
SELECT id, body FROM sessions WHERE tenant = ? AND livemode = ? AND id > ? AND id < ?
ORDER BY id LIMIT ?`,

	SaveIdempotent: `
INSERT INTO idempotency_keys (tenant, livemode, key_digest, fingerprint, path, request_id, status, body, created)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant, livemode, key_digest) DO UPDATE SET fingerprint = excluded.fingerprint, path = excluded.path,
    request_id = excluded.request_id, status = excluded.status, body = excluded.body, created = excluded.created
WHERE created < ?`,

	Idempotent: `
SELECT fingerprint, path, request_id, status, body, created FROM idempotency_keys
WHERE tenant = ? AND livemode = ? AND key_digest = ?`,

	PruneIdempotent: `
DELETE FROM idempotency_keys
WHERE number IN (SELECT number FROM idempotency_keys ORDER BY number LIMIT ?2) AND created < ?1`,

	InsertAPIKey: `
INSERT INTO api_keys (hash, tenant, livemode, kind, created, revoked, hint) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING`,

	APIKeyByHash: `
SELECT tenant, livemode, kind, created, revoked, hint FROM api_keys WHERE hash = ?`,

	APIKeys: `
SELECT hash, tenant, livemode, kind, created, revoked, hint FROM api_keys ORDER BY tenant, livemode, created, hash`,

	RevokeAPIKey: `
UPDATE api_keys SET revoked = CASE revoked WHEN 0 THEN ?2 ELSE revoked END WHERE hash = ?1`,
}
