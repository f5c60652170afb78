package postgres

import "fincon/impl/store"

var webhookEndpointStatements = store.WebhookEndpointStatements{
	InsertWebhookEndpoint: `
WITH changed AS (
    INSERT INTO webhook_endpoints (tenant, livemode, id, enabled, events, body, secret, created)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT DO NOTHING RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	UpdateWebhookEndpoint: `
WITH changed AS (
    UPDATE webhook_endpoints SET enabled = $4, events = $5, body = $6, secret = $7, created = $8
    WHERE tenant = $1 AND livemode = $2 AND id = $3 RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	DeleteWebhookEndpoint: `
WITH changed AS (
    DELETE FROM webhook_endpoints WHERE tenant = $1 AND livemode = $2 AND id = $3 RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	WebhookEndpoint: `
SELECT id, enabled, events, body, secret, created FROM webhook_endpoints
WHERE tenant = $1 AND livemode = $2 AND id = $3`,

	WebhookEndpointForUpdate: `
SELECT id, enabled, events, body, secret, created FROM webhook_endpoints
WHERE tenant = $1 AND livemode = $2 AND id = $3
FOR UPDATE`,

	WebhookEndpointExists: `
SELECT EXISTS (SELECT 1 FROM webhook_endpoints WHERE tenant = $1 AND livemode = $2 AND id = $3)`,

	OlderWebhookEndpoints: `
SELECT id, enabled, events, body, secret, created FROM webhook_endpoints
WHERE tenant = $1 AND livemode = $2 AND id > $3 AND id < $4
ORDER BY id DESC LIMIT $5`,

	NewerWebhookEndpoints: `
SELECT id, enabled, events, body, secret, created FROM webhook_endpoints
WHERE tenant = $1 AND livemode = $2 AND id > $3 AND id < $4
ORDER BY id LIMIT $5`,

	EnabledWebhookEndpoints: `
SELECT id, enabled, events, body, secret, created FROM webhook_endpoints
WHERE tenant = $1 AND livemode = $2 AND enabled ORDER BY id`,
}
