package sqlite

import "fincon/impl/store"

var Statements = store.Statements{
	InsertSession: `
INSERT INTO sessions (tenant, livemode, id, client_secret_hash, body) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT DO NOTHING`,

	UpdateSession: `
UPDATE sessions SET body = ?4 WHERE tenant = ?1 AND livemode = ?2 AND id = ?3`,

	Session: `
SELECT body FROM sessions WHERE tenant = ?1 AND livemode = ?2 AND id = ?3`,

	SessionForUpdate: `
SELECT body FROM sessions WHERE tenant = ?1 AND livemode = ?2 AND id = ?3`,

	SessionExists: `
SELECT EXISTS (SELECT 1 FROM sessions WHERE tenant = ?1 AND livemode = ?2 AND id = ?3)`,

	SaveIdempotent: `
INSERT INTO idempotency_keys (tenant, livemode, key, fingerprint, path, request_id, status, body, created)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (tenant, livemode, key) DO UPDATE SET fingerprint = excluded.fingerprint, path = excluded.path,
    request_id = excluded.request_id, status = excluded.status, body = excluded.body, created = excluded.created
WHERE created < ?10`,

	Idempotent: `
SELECT fingerprint, path, request_id, status, body, created FROM idempotency_keys
WHERE tenant = ?1 AND livemode = ?2 AND key = ?3`,

	PruneIdempotent: `
DELETE FROM idempotency_keys
WHERE number IN (SELECT number FROM idempotency_keys ORDER BY number LIMIT ?2) AND created < ?1`,

	InsertAPIKey: `
INSERT INTO api_keys (hash, tenant, livemode, kind, created, revoked, hint) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO NOTHING`,

	APIKeyByHash: `
SELECT tenant, livemode, kind, created, revoked, hint FROM api_keys WHERE hash = ?1`,

	APIKeys: `
SELECT hash, tenant, livemode, kind, created, revoked, hint FROM api_keys ORDER BY tenant, livemode, created, hash`,

	RevokeAPIKey: `
UPDATE api_keys SET revoked = CASE revoked WHEN 0 THEN ?2 ELSE revoked END WHERE hash = ?1`,
}
