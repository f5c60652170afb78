package postgres

import "fincon/impl/store"

var deliveryStatements = store.DeliveryStatements{
	InsertDelivery: `
WITH changed AS (
    INSERT INTO deliveries (tenant, livemode, event_id, endpoint_id, due_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	EndpointsWithDueDeliveries: `
WITH RECURSIVE endpoints AS (
    (SELECT tenant, livemode, endpoint_id FROM deliveries WHERE NOT abandoned
     ORDER BY tenant, livemode, endpoint_id LIMIT 1)
    UNION ALL
    SELECT later.* FROM endpoints AS e CROSS JOIN LATERAL (
        SELECT tenant, livemode, endpoint_id FROM deliveries
        WHERE NOT abandoned AND (tenant, livemode, endpoint_id) > (e.tenant, e.livemode, e.endpoint_id)
        ORDER BY tenant, livemode, endpoint_id LIMIT 1) AS later)
SELECT tenant, livemode, endpoint_id FROM endpoints AS e
WHERE EXISTS (
    SELECT 1 FROM deliveries AS mine
    WHERE NOT mine.abandoned AND mine.tenant = e.tenant AND mine.livemode = e.livemode
        AND mine.endpoint_id = e.endpoint_id AND mine.due_at <= $1 AND mine.leased_until <= $1)`,

	DeliveriesToClaim: `
SELECT d.event_id, d.due_at, d.attempt, e.type, e.created, e.pending, e.body
FROM deliveries AS d JOIN events AS e
    ON e.tenant = d.tenant AND e.livemode = d.livemode AND e.id = d.event_id
WHERE d.tenant = $1 AND d.livemode = $2 AND d.endpoint_id = $3 AND d.due_at <= $4 AND d.leased_until <= $4
    AND NOT d.abandoned
ORDER BY d.due_at LIMIT $5
FOR UPDATE OF d SKIP LOCKED`,

	LeaseDelivery: `
WITH changed AS (
    UPDATE deliveries SET leased_until = $5
    WHERE tenant = $1 AND livemode = $2 AND event_id = $3 AND endpoint_id = $4 RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	FinishDelivery: `
DELETE FROM deliveries
WHERE tenant = $1 AND livemode = $2 AND event_id = $3 AND endpoint_id = $4 AND leased_until <> 0`,

	RetryDelivery: `
UPDATE deliveries SET due_at = $6, attempt = attempt + 1, leased_until = 0
WHERE tenant = $1 AND livemode = $2 AND event_id = $3 AND endpoint_id = $4 AND attempt = $5 AND leased_until <> 0`,

	AbandonDelivery: `
UPDATE deliveries SET abandoned = true, leased_until = 0
WHERE tenant = $1 AND livemode = $2 AND event_id = $3 AND endpoint_id = $4 AND attempt = $5 AND leased_until <> 0`,

	RestartDelivery: `
UPDATE deliveries SET due_at = $5, attempt = 0, leased_until = 0, abandoned = false
WHERE tenant = $1 AND livemode = $2 AND event_id = $3 AND endpoint_id = $4`,

	OlderDeliveries: `
SELECT d.event_id, d.endpoint_id, d.due_at, d.attempt, d.abandoned, e.type
FROM deliveries AS d JOIN events AS e
    ON e.tenant = d.tenant AND e.livemode = d.livemode AND e.id = d.event_id
WHERE d.tenant = $1 AND d.livemode = $2 AND (d.event_id, d.endpoint_id) > ($3, $4)
    AND (d.event_id, d.endpoint_id) < ($5, $6)
ORDER BY d.event_id DESC, d.endpoint_id DESC LIMIT $7`,

	NewerDeliveries: `
SELECT d.event_id, d.endpoint_id, d.due_at, d.attempt, d.abandoned, e.type
FROM deliveries AS d JOIN events AS e
    ON e.tenant = d.tenant AND e.livemode = d.livemode AND e.id = d.event_id
WHERE d.tenant = $1 AND d.livemode = $2 AND (d.event_id, d.endpoint_id) > ($3, $4)
    AND (d.event_id, d.endpoint_id) < ($5, $6)
ORDER BY d.event_id, d.endpoint_id LIMIT $7`,

	DeliveryExists: `
SELECT EXISTS (
    SELECT 1 FROM deliveries WHERE tenant = $1 AND livemode = $2 AND event_id = $3 AND endpoint_id = $4)`,

	DeleteDeliveriesTo: `
DELETE FROM deliveries WHERE tenant = $1 AND livemode = $2 AND endpoint_id = $3 AND NOT abandoned`,

	DeleteDeliveriesOf: `
DELETE FROM deliveries WHERE tenant = $1 AND livemode = $2 AND event_id = $3`,
}
