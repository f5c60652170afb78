package sqlite

import "fincon/impl/store"

var flowStatements = store.FlowStatements{
	PutFlow: `
INSERT INTO link_flows (tenant, livemode, session_id, state, sealed) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (tenant, livemode, session_id) DO UPDATE SET state = excluded.state, sealed = excluded.sealed`,

	Flow: `
SELECT state, sealed FROM link_flows WHERE tenant = ? AND livemode = ? AND session_id = ?`,

	FlowForUpdate: `
SELECT state, sealed FROM link_flows WHERE tenant = ? AND livemode = ? AND session_id = ?`,
}
