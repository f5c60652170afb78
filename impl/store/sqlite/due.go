package sqlite

import "fincon/impl/store"

var dueStatements = store.DueStatements{
	InsertDue: `
INSERT INTO due (tenant, livemode, kind, key, id, due_at, attempt, leased_until, payload)
VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?)
ON CONFLICT (tenant, livemode, kind, key) DO UPDATE SET id = excluded.id, due_at = excluded.due_at,
    attempt = 0, leased_until = 0, payload = excluded.payload`,

	DueToClaim: `
SELECT tenant, livemode, kind, key, id, due_at, attempt, payload FROM due
WHERE due_at <= ?1 AND leased_until <= ?1 ORDER BY due_at LIMIT ?2`,

	LeaseDue: `
UPDATE due SET leased_until = ?6
WHERE tenant = ?1 AND livemode = ?2 AND kind = ?3 AND key = ?4 AND id = ?5`,

	DeleteDue: `
DELETE FROM due WHERE tenant = ? AND livemode = ? AND kind = ? AND key = ? AND id = ?`,

	RescheduleDue: `
UPDATE due SET due_at = ?7, attempt = attempt + 1, leased_until = 0
WHERE tenant = ?1 AND livemode = ?2 AND kind = ?3 AND key = ?4 AND id = ?5 AND attempt = ?6`,

	CancelDue: `
DELETE FROM due WHERE tenant = ? AND livemode = ? AND kind = ? AND key = ?`,

	NextDue: `
SELECT due_at FROM (
    SELECT min(due_at) AS due_at FROM due UNION ALL SELECT min(due_at) FROM deliveries WHERE abandoned = 0) AS earliest
WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1`,
}
