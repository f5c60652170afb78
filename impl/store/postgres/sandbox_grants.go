package postgres

import "fincon/impl/store"

var sandboxGrantStatements = store.SandboxGrantStatements{
	SandboxGrant: `
SELECT generation FROM sandbox_grants WHERE id = $1`,

	InsertSandboxGrant: `
INSERT INTO sandbox_grants (id, generation, expires) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING`,

	AdvanceSandboxGrant: `
UPDATE sandbox_grants SET generation = $3, expires = $4 WHERE id = $1 AND generation = $2`,

	PruneSandboxGrants: `
DELETE FROM sandbox_grants WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM sandbox_grants WHERE expires < $1 ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED))`,
}
