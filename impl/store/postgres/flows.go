package postgres

import "fincon/impl/store"

var flowStatements = store.FlowStatements{
	PutFlow: `
WITH changed AS (
    INSERT INTO link_flows (tenant, livemode, session_id, state, sealed) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant, livemode, session_id) DO UPDATE SET state = excluded.state, sealed = excluded.sealed
    RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	Flow: `
SELECT state, sealed FROM link_flows WHERE tenant = $1 AND livemode = $2 AND session_id = $3`,

	FlowForUpdate: `
SELECT state, sealed FROM link_flows WHERE tenant = $1 AND livemode = $2 AND session_id = $3
FOR UPDATE`,
}
