package postgres

import "fincon/impl/store"

var authorizationStatements = store.AuthorizationStatements{
	InsertAuthorization: `
WITH changed AS (
    INSERT INTO authorizations (tenant, livemode, id, holder, institution, subject, body, grant_sealed, state)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT DO NOTHING RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	UpdateAuthorization: `
WITH changed AS (
    UPDATE authorizations SET body = $4, grant_sealed = $5, state = $6
    WHERE tenant = $1 AND livemode = $2 AND id = $3 RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	Authorization: `
SELECT id, holder, institution, subject, body, grant_sealed, state FROM authorizations
WHERE tenant = $1 AND livemode = $2 AND id = $3`,

	AuthorizationForUpdate: `
SELECT id, holder, institution, subject, body, grant_sealed, state FROM authorizations
WHERE tenant = $1 AND livemode = $2 AND id = $3
FOR UPDATE`,

	AuthorizationByHolder: `
SELECT id, holder, institution, subject, body, grant_sealed, state FROM authorizations
WHERE tenant = $1 AND livemode = $2 AND holder = $3 AND institution = $4 AND subject = $5
FOR UPDATE`,
}
