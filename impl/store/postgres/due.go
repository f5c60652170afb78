package postgres

import "fincon/impl/store"

var dueStatements = store.DueStatements{
	InsertDue: `
WITH changed AS (
    INSERT INTO due (tenant, livemode, kind, key, id, due_at, attempt, leased_until, payload)
    VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7)
    ON CONFLICT (tenant, livemode, kind, key) DO UPDATE SET id = excluded.id, due_at = excluded.due_at,
        attempt = 0, leased_until = 0, payload = excluded.payload RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	DueToClaim: `
SELECT tenant, livemode, kind, key, id, due_at, attempt, payload FROM due
WHERE due_at <= $1 AND leased_until <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED`,

	LeaseDue: `
WITH changed AS (
    UPDATE due SET leased_until = $6
    WHERE tenant = $1 AND livemode = $2 AND kind = $3 AND key = $4 AND id = $5 RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	DeleteDue: `
DELETE FROM due WHERE tenant = $1 AND livemode = $2 AND kind = $3 AND key = $4 AND id = $5`,

	RescheduleDue: `
UPDATE due SET due_at = $7, attempt = attempt + 1, leased_until = 0
WHERE tenant = $1 AND livemode = $2 AND kind = $3 AND key = $4 AND id = $5 AND attempt = $6`,

	CancelDue: `
DELETE FROM due WHERE tenant = $1 AND livemode = $2 AND kind = $3 AND key = $4`,

	NextDue: `
SELECT due_at FROM (
    SELECT min(due_at) AS due_at FROM due UNION ALL SELECT -max(-due_at) FROM deliveries WHERE NOT abandoned) AS earliest
WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1`,
}
