package sqlite

import "fincon/impl/store"

var accountStatements = store.AccountStatements{
	InsertAccount: `
INSERT INTO accounts (tenant, livemode, id, holder, authorization_id, bank_key, created, body, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING`,

	UpdateAccount: `
UPDATE accounts SET body = ?4, state = ?5 WHERE tenant = ?1 AND livemode = ?2 AND id = ?3`,

	Account: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = ? AND livemode = ? AND id = ?`,

	AccountForUpdate: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = ? AND livemode = ? AND id = ?`,

	AccountExists: `
SELECT EXISTS (SELECT 1 FROM accounts WHERE tenant = ? AND livemode = ? AND id = ?)`,

	AccountByBank: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = ? AND livemode = ? AND holder = ? AND bank_key = ?`,

	OlderAccounts: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = ? AND livemode = ? AND id > ? AND id < ?
ORDER BY id DESC LIMIT ?`,

	NewerAccounts: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = ? AND livemode = ? AND id > ? AND id < ?
ORDER BY id LIMIT ?`,

	OlderAccountsByHolder: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = ? AND livemode = ? AND holder = ? AND id > ? AND id < ?
ORDER BY id DESC LIMIT ?`,

	NewerAccountsByHolder: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = ? AND livemode = ? AND holder = ? AND id > ? AND id < ?
ORDER BY id LIMIT ?`,

	// A comparison of ?4 alone would have SQLite prepare the statement anew for every value of it.
	OlderAccountsBySession: `
SELECT a.id, a.holder, a.authorization_id, a.bank_key, a.created, a.body, a.state FROM session_accounts AS s
    CROSS JOIN accounts AS a ON a.tenant = s.tenant AND a.livemode = s.livemode AND a.id = s.account_id
WHERE s.tenant = ?1 AND s.livemode = ?2 AND s.session_id = ?3 AND a.holder = coalesce(nullif(?4, ''), a.holder)
    AND s.account_id > ?5 AND s.account_id < ?6
ORDER BY s.account_id DESC LIMIT ?7`,

	NewerAccountsBySession: `
SELECT a.id, a.holder, a.authorization_id, a.bank_key, a.created, a.body, a.state FROM session_accounts AS s
    CROSS JOIN accounts AS a ON a.tenant = s.tenant AND a.livemode = s.livemode AND a.id = s.account_id
WHERE s.tenant = ?1 AND s.livemode = ?2 AND s.session_id = ?3 AND a.holder = coalesce(nullif(?4, ''), a.holder)
    AND s.account_id > ?5 AND s.account_id < ?6
ORDER BY s.account_id LIMIT ?7`,

	AccountsOfAuthorization: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = ? AND livemode = ? AND authorization_id = ? ORDER BY id DESC`,

	AddSessionAccount: `
INSERT INTO session_accounts (tenant, livemode, session_id, account_id) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING`,

	AdvanceTransactionSequence: `
UPDATE accounts SET transaction_sequence = transaction_sequence + 1
WHERE tenant = ? AND livemode = ? AND id = ?`,

	TransactionSequence: `
SELECT transaction_sequence FROM accounts WHERE tenant = ? AND livemode = ? AND id = ?`,
}
