package sqlite

import "fincon/impl/store"

var ownershipStatements = store.OwnershipStatements{
	InsertOwnership: `
INSERT INTO ownerships (tenant, livemode, id, account_id, body)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING`,

	Ownership: `
SELECT account_id, body FROM ownerships WHERE tenant = ? AND livemode = ? AND id = ?`,
}
