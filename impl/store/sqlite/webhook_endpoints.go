package sqlite

import "fincon/impl/store"

var webhookEndpointStatements = store.WebhookEndpointStatements{
	InsertWebhookEndpoint: `
INSERT INTO webhook_endpoints (tenant, livemode, id, enabled, events, body, secret, created)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING`,

	UpdateWebhookEndpoint: `
UPDATE webhook_endpoints SET enabled = ?4, events = ?5, body = ?6, secret = ?7, created = ?8
WHERE tenant = ?1 AND livemode = ?2 AND id = ?3`,

	DeleteWebhookEndpoint: `
DELETE FROM webhook_endpoints WHERE tenant = ? AND livemode = ? AND id = ?`,

	WebhookEndpoint: `
SELECT id, enabled, events, body, secret, created FROM webhook_endpoints
WHERE tenant = ? AND livemode = ? AND id = ?`,

	WebhookEndpointForUpdate: `
SELECT id, enabled, events, body, secret, created FROM webhook_endpoints
WHERE tenant = ? AND livemode = ? AND id = ?`,

	WebhookEndpointExists: `
SELECT EXISTS (SELECT 1 FROM webhook_endpoints WHERE tenant = ? AND livemode = ? AND id = ?)`,

	OlderWebhookEndpoints: `
SELECT id, enabled, events, body, secret, created FROM webhook_endpoints
WHERE tenant = ? AND livemode = ? AND id > ? AND id < ?
ORDER BY id DESC LIMIT ?`,

	NewerWebhookEndpoints: `
SELECT id, enabled, events, body, secret, created FROM webhook_endpoints
WHERE tenant = ? AND livemode = ? AND id > ? AND id < ?
ORDER BY id LIMIT ?`,

	EnabledWebhookEndpoints: `
SELECT id, enabled, events, body, secret, created FROM webhook_endpoints
WHERE tenant = ? AND livemode = ? AND enabled ORDER BY id`,
}
