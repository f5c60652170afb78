package sqlite

import "fincon/impl/store"

var eventStatements = store.EventStatements{
	InsertEvent: `
INSERT INTO events (tenant, livemode, id, type, created, pending, body)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING`,

	Event: `
SELECT id, type, created, pending, body FROM events WHERE tenant = ? AND livemode = ? AND id = ?`,

	EventTime: `
SELECT created FROM events WHERE tenant = ? AND livemode = ? AND id = ?`,

	NextEventType: `
SELECT type FROM events WHERE tenant = ? AND livemode = ? AND type >= ? ORDER BY type LIMIT 1`,

	OlderEvents: `
SELECT id, type, created, pending, body FROM events
WHERE tenant = ? AND livemode = ? AND (created, id) > (?, ?) AND (created, id) < (?, ?)
    AND (NOT ? OR pending = 0)
ORDER BY created DESC, id DESC LIMIT ?`,

	NewerEvents: `
SELECT id, type, created, pending, body FROM events
WHERE tenant = ? AND livemode = ? AND (created, id) > (?, ?) AND (created, id) < (?, ?)
    AND (NOT ? OR pending = 0)
ORDER BY created, id LIMIT ?`,

	OlderEventsByType: `
SELECT id, type, created, pending, body FROM events
WHERE tenant = ? AND livemode = ? AND type = ?
    AND (created, id) > (?, ?) AND (created, id) < (?, ?) AND (NOT ? OR pending = 0)
ORDER BY created DESC, id DESC LIMIT ?`,

	NewerEventsByType: `
SELECT id, type, created, pending, body FROM events
WHERE tenant = ? AND livemode = ? AND type = ?
    AND (created, id) > (?, ?) AND (created, id) < (?, ?) AND (NOT ? OR pending = 0)
ORDER BY created, id LIMIT ?`,

	OlderUndeliveredEvents: `
SELECT id, type, created, pending, body FROM events
WHERE tenant = ?1 AND livemode = ?2 AND (created, id) > (?3, ?4) AND (created, id) < (?5, ?6)
    AND pending > 0 AND (?7 = '' OR instr(?7, ',' || type || ',') > 0)
ORDER BY created DESC, id DESC LIMIT ?8`,

	NewerUndeliveredEvents: `
SELECT id, type, created, pending, body FROM events
WHERE tenant = ?1 AND livemode = ?2 AND (created, id) > (?3, ?4) AND (created, id) < (?5, ?6)
    AND pending > 0 AND (?7 = '' OR instr(?7, ',' || type || ',') > 0)
ORDER BY created, id LIMIT ?8`,

	AddPending: `
UPDATE events SET pending = pending + ?4 WHERE tenant = ?1 AND livemode = ?2 AND id = ?3`,

	EventsToPrune: `
SELECT tenant, livemode, id FROM (SELECT tenant, livemode, id, created FROM events ORDER BY number LIMIT ?2)
WHERE created < ?1`,

	DeleteEvent: `
DELETE FROM events WHERE tenant = ? AND livemode = ? AND id = ?`,
}
