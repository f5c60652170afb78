package sqlite

import "fincon/impl/store"

var authorizationStatements = store.AuthorizationStatements{
	InsertAuthorization: `
INSERT INTO authorizations (tenant, livemode, id, holder, institution, subject, body, grant_sealed, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING`,

	UpdateAuthorization: `
UPDATE authorizations SET body = ?4, grant_sealed = ?5, state = ?6
WHERE tenant = ?1 AND livemode = ?2 AND id = ?3`,

	Authorization: `
SELECT id, holder, institution, subject, body, grant_sealed, state FROM authorizations
WHERE tenant = ? AND livemode = ? AND id = ?`,

	AuthorizationForUpdate: `
SELECT id, holder, institution, subject, body, grant_sealed, state FROM authorizations
WHERE tenant = ? AND livemode = ? AND id = ?`,

	AuthorizationByHolder: `
SELECT id, holder, institution, subject, body, grant_sealed, state FROM authorizations
WHERE tenant = ? AND livemode = ? AND holder = ? AND institution = ? AND subject = ?`,
}
