package postgres

import "fincon/impl/store"

// Statements is PostgreSQL's text.
//
// A statement that must change a row divides by the number it has changed: the server itself fails the transaction
// when there is none, and nobody has to wait for the answer before sending what follows.
// Statements is PostgreSQL's text.
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
WITH changed AS (
    INSERT INTO sessions (tenant, livemode, id, body) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	UpdateSession: `
WITH changed AS (
    UPDATE sessions SET body = $4 WHERE tenant = $1 AND livemode = $2 AND id = $3 RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	Session: `
SELECT body FROM sessions WHERE tenant = $1 AND livemode = $2 AND id = $3`,

	SessionForUpdate: `
SELECT body FROM sessions WHERE tenant = $1 AND livemode = $2 AND id = $3 FOR UPDATE`,

	SessionExists: `
SELECT EXISTS (SELECT 1 FROM sessions WHERE tenant = $1 AND livemode = $2 AND id = $3)`,

	OlderSessions: `
SELECT id, body FROM sessions WHERE tenant = $1 AND livemode = $2 AND id > $3 AND id < $4
ORDER BY id DESC LIMIT $5`,

	NewerSessions: `
SELECT id, body FROM sessions WHERE tenant = $1 AND livemode = $2 AND id > $3 AND id < $4
ORDER BY id LIMIT $5`,

	SaveIdempotent: `
WITH changed AS (
    INSERT INTO idempotency_keys AS stored
        (tenant, livemode, key_digest, fingerprint, path, request_id, status, body, created)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (tenant, livemode, key_digest) DO UPDATE SET fingerprint = excluded.fingerprint, path = excluded.path,
        request_id = excluded.request_id, status = excluded.status, body = excluded.body, created = excluded.created
    WHERE stored.created < $10 RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	Idempotent: `
SELECT fingerprint, path, request_id, status, body, created FROM idempotency_keys
WHERE tenant = $1 AND livemode = $2 AND key_digest = $3`,

	PruneIdempotent: `
DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM idempotency_keys WHERE created < $1 ORDER BY created LIMIT $2 FOR UPDATE SKIP LOCKED))`,

	InsertAPIKey: `
WITH changed AS (
    INSERT INTO api_keys (hash, tenant, livemode, kind, created, revoked, hint) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT DO NOTHING RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	APIKeyByHash: `
SELECT tenant, livemode, kind, created, revoked, hint FROM api_keys WHERE hash = $1`,

	APIKeys: `
SELECT hash, tenant, livemode, kind, created, revoked, hint FROM api_keys ORDER BY tenant, livemode, created, hash`,

	RevokeAPIKey: `
WITH changed AS (
    UPDATE api_keys SET revoked = CASE revoked WHEN 0 THEN $2 ELSE revoked END WHERE hash = $1 RETURNING 1)
SELECT 1 / count(*) FROM changed`,
}
