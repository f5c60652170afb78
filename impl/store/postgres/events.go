package postgres

import "fincon/impl/store"

var eventStatements = store.EventStatements{
	InsertEvent: `
WITH changed AS (
    INSERT INTO events (tenant, livemode, id, type, created, pending, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT DO NOTHING RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	Event: `
SELECT id, type, created, pending, body FROM events WHERE tenant = $1 AND livemode = $2 AND id = $3`,

	EventTime: `
SELECT created FROM events WHERE tenant = $1 AND livemode = $2 AND id = $3`,

	NextEventType: `
SELECT type FROM events WHERE tenant = $1 AND livemode = $2 AND type >= $3 ORDER BY type LIMIT 1`,

	OlderEvents: `
SELECT id, type, created, pending, body FROM events
WHERE tenant = $1 AND livemode = $2 AND (created, id) > ($3, $4) AND (created, id) < ($5, $6)
    AND (NOT $7 OR pending = 0)
ORDER BY created DESC, id DESC LIMIT $8`,

	NewerEvents: `
SELECT id, type, created, pending, body FROM events
WHERE tenant = $1 AND livemode = $2 AND (created, id) > ($3, $4) AND (created, id) < ($5, $6)
    AND (NOT $7 OR pending = 0)
ORDER BY created, id LIMIT $8`,

	OlderEventsByType: `
SELECT id, type, created, pending, body FROM events
WHERE tenant = $1 AND livemode = $2 AND type = $3
    AND (created, id) > ($4, $5) AND (created, id) < ($6, $7) AND (NOT $8 OR pending = 0)
ORDER BY created DESC, id DESC LIMIT $9`,

	NewerEventsByType: `
SELECT id, type, created, pending, body FROM events
WHERE tenant = $1 AND livemode = $2 AND type = $3
    AND (created, id) > ($4, $5) AND (created, id) < ($6, $7) AND (NOT $8 OR pending = 0)
ORDER BY created, id LIMIT $9`,

	OlderUndeliveredEvents: `
SELECT id, type, created, pending, body FROM events
WHERE tenant = $1 AND livemode = $2 AND (created, id) > ($3, $4) AND (created, id) < ($5, $6)
    AND pending > 0 AND ($7 = '' OR strpos($7, ',' || type || ',') > 0)
ORDER BY created DESC, id DESC LIMIT $8`,

	NewerUndeliveredEvents: `
SELECT id, type, created, pending, body FROM events
WHERE tenant = $1 AND livemode = $2 AND (created, id) > ($3, $4) AND (created, id) < ($5, $6)
    AND pending > 0 AND ($7 = '' OR strpos($7, ',' || type || ',') > 0)
ORDER BY created, id LIMIT $8`,

	AddPending: `
UPDATE events SET pending = pending + $4 WHERE tenant = $1 AND livemode = $2 AND id = $3`,

	EventsToPrune: `
SELECT tenant, livemode, id FROM events WHERE -created > -$1::bigint
ORDER BY -created DESC LIMIT $2 FOR UPDATE SKIP LOCKED`,

	DeleteEvent: `
DELETE FROM events WHERE tenant = $1 AND livemode = $2 AND id = $3`,
}
