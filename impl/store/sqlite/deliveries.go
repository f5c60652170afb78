package sqlite

import "fincon/impl/store"

var deliveryStatements = store.DeliveryStatements{
	InsertDelivery: `
INSERT INTO deliveries (tenant, livemode, event_id, endpoint_id, due_at)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING`,

	// SQLite begins a search for what is greater than a row of values with what is equal, and goes through all of that:
	// hence the latest due_at there is. The + signs make values of columns, without which only the first is searched by.
	EndpointsWithDueDeliveries: `
WITH RECURSIVE first (number) AS (
    SELECT number FROM (
        SELECT number FROM deliveries WHERE abandoned = 0 ORDER BY tenant, livemode, endpoint_id, due_at LIMIT 1)
    UNION ALL
    SELECT (
        SELECT later.number FROM deliveries AS later
        WHERE later.abandoned = 0
            AND (later.tenant, later.livemode, later.endpoint_id, later.due_at)
                > (+d.tenant, +d.livemode, +d.endpoint_id, 9223372036854775807)
        ORDER BY later.tenant, later.livemode, later.endpoint_id, later.due_at LIMIT 1)
    FROM first JOIN deliveries AS d ON d.number = first.number)
SELECT d.tenant, d.livemode, d.endpoint_id FROM first JOIN deliveries AS d ON d.number = first.number
WHERE EXISTS (
    SELECT 1 FROM deliveries AS mine
    WHERE mine.abandoned = 0 AND mine.tenant = d.tenant AND mine.livemode = d.livemode
        AND mine.endpoint_id = d.endpoint_id AND mine.due_at <= ?1 AND mine.leased_until <= ?1)`,

	DeliveriesToClaim: `
SELECT d.event_id, d.due_at, d.attempt, e.type, e.created, e.pending, e.body
FROM deliveries AS d CROSS JOIN events AS e
    ON e.tenant = d.tenant AND e.livemode = d.livemode AND e.id = d.event_id
WHERE d.tenant = ?1 AND d.livemode = ?2 AND d.endpoint_id = ?3 AND d.due_at <= ?4 AND d.leased_until <= ?4
    AND d.abandoned = 0
ORDER BY d.due_at LIMIT ?5`,

	LeaseDelivery: `
UPDATE deliveries SET leased_until = ?5
WHERE tenant = ?1 AND livemode = ?2 AND event_id = ?3 AND endpoint_id = ?4`,

	FinishDelivery: `
DELETE FROM deliveries
WHERE tenant = ? AND livemode = ? AND event_id = ? AND endpoint_id = ? AND leased_until <> 0`,

	RetryDelivery: `
UPDATE deliveries SET due_at = ?6, attempt = attempt + 1, leased_until = 0
WHERE tenant = ?1 AND livemode = ?2 AND event_id = ?3 AND endpoint_id = ?4 AND attempt = ?5 AND leased_until <> 0`,

	AbandonDelivery: `
UPDATE deliveries SET abandoned = 1, leased_until = 0
WHERE tenant = ? AND livemode = ? AND event_id = ? AND endpoint_id = ? AND attempt = ? AND leased_until <> 0`,

	RestartDelivery: `
UPDATE deliveries SET due_at = ?5, attempt = 0, leased_until = 0, abandoned = 0
WHERE tenant = ?1 AND livemode = ?2 AND event_id = ?3 AND endpoint_id = ?4`,

	OlderDeliveries: `
SELECT d.event_id, d.endpoint_id, d.due_at, d.attempt, d.abandoned, e.type
FROM deliveries AS d CROSS JOIN events AS e
    ON e.tenant = d.tenant AND e.livemode = d.livemode AND e.id = d.event_id
WHERE d.tenant = ? AND d.livemode = ? AND (d.event_id, d.endpoint_id) > (?, ?)
    AND (d.event_id, d.endpoint_id) < (?, ?)
ORDER BY d.event_id DESC, d.endpoint_id DESC LIMIT ?`,

	NewerDeliveries: `
SELECT d.event_id, d.endpoint_id, d.due_at, d.attempt, d.abandoned, e.type
FROM deliveries AS d CROSS JOIN events AS e
    ON e.tenant = d.tenant AND e.livemode = d.livemode AND e.id = d.event_id
WHERE d.tenant = ? AND d.livemode = ? AND (d.event_id, d.endpoint_id) > (?, ?)
    AND (d.event_id, d.endpoint_id) < (?, ?)
ORDER BY d.event_id, d.endpoint_id LIMIT ?`,

	DeliveryExists: `
SELECT EXISTS (
    SELECT 1 FROM deliveries WHERE tenant = ? AND livemode = ? AND event_id = ? AND endpoint_id = ?)`,

	DeleteDeliveriesTo: `
DELETE FROM deliveries WHERE tenant = ? AND livemode = ? AND endpoint_id = ? AND abandoned = 0`,

	DeleteDeliveriesOf: `
DELETE FROM deliveries WHERE tenant = ? AND livemode = ? AND event_id = ?`,
}
