package postgres

import "fincon/impl/store"

var ownershipStatements = store.OwnershipStatements{
	InsertOwnership: `
WITH changed AS (
    INSERT INTO ownerships (tenant, livemode, id, account_id, body)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	Ownership: `
SELECT account_id, body FROM ownerships WHERE tenant = $1 AND livemode = $2 AND id = $3`,
}
