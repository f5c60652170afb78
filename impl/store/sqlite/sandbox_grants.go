package sqlite

import "fincon/impl/store"

var sandboxGrantStatements = store.SandboxGrantStatements{
	SandboxGrant: `
SELECT generation FROM sandbox_grants WHERE id = ?`,

	InsertSandboxGrant: `
INSERT INTO sandbox_grants (id, generation, expires) VALUES (?, ?, ?)
ON CONFLICT DO NOTHING`,

	AdvanceSandboxGrant: `
UPDATE sandbox_grants SET generation = ?3, expires = ?4 WHERE id = ?1 AND generation = ?2`,

	PruneSandboxGrants: `
DELETE FROM sandbox_grants WHERE id IN (SELECT id FROM sandbox_grants WHERE expires < ? ORDER BY expires LIMIT ?)`,
}
