package postgres

import "fincon/impl/store"

var accountStatements = store.AccountStatements{
	InsertAccount: `
WITH changed AS (
    INSERT INTO accounts (tenant, livemode, id, holder, authorization_id, bank_key, created, body, state)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT DO NOTHING RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	UpdateAccount: `
WITH changed AS (
    UPDATE accounts SET body = $4, state = $5 WHERE tenant = $1 AND livemode = $2 AND id = $3 RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	Account: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = $1 AND livemode = $2 AND id = $3`,

	AccountForUpdate: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = $1 AND livemode = $2 AND id = $3
FOR UPDATE`,

	AccountExists: `
SELECT EXISTS (SELECT 1 FROM accounts WHERE tenant = $1 AND livemode = $2 AND id = $3)`,

	AccountByBank: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = $1 AND livemode = $2 AND holder = $3 AND bank_key = $4
FOR UPDATE`,

	OlderAccounts: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = $1 AND livemode = $2 AND id > $3 AND id < $4
ORDER BY id DESC LIMIT $5`,

	NewerAccounts: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = $1 AND livemode = $2 AND id > $3 AND id < $4
ORDER BY id LIMIT $5`,

	OlderAccountsByHolder: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = $1 AND livemode = $2 AND holder = $3 AND id > $4 AND id < $5
ORDER BY id DESC LIMIT $6`,

	NewerAccountsByHolder: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = $1 AND livemode = $2 AND holder = $3 AND id > $4 AND id < $5
ORDER BY id LIMIT $6`,

	OlderAccountsBySession: `
SELECT a.id, a.holder, a.authorization_id, a.bank_key, a.created, a.body, a.state FROM session_accounts AS s
    JOIN accounts AS a ON a.tenant = s.tenant AND a.livemode = s.livemode AND a.id = s.account_id
WHERE s.tenant = $1 AND s.livemode = $2 AND s.session_id = $3 AND ($4 = '' OR a.holder = $4)
    AND s.account_id > $5 AND s.account_id < $6
ORDER BY s.account_id DESC LIMIT $7`,

	NewerAccountsBySession: `
SELECT a.id, a.holder, a.authorization_id, a.bank_key, a.created, a.body, a.state FROM session_accounts AS s
    JOIN accounts AS a ON a.tenant = s.tenant AND a.livemode = s.livemode AND a.id = s.account_id
WHERE s.tenant = $1 AND s.livemode = $2 AND s.session_id = $3 AND ($4 = '' OR a.holder = $4)
    AND s.account_id > $5 AND s.account_id < $6
ORDER BY s.account_id LIMIT $7`,

	AccountsOfAuthorization: `
SELECT id, holder, authorization_id, bank_key, created, body, state FROM accounts
WHERE tenant = $1 AND livemode = $2 AND authorization_id = $3 ORDER BY id DESC`,

	AddSessionAccount: `
INSERT INTO session_accounts (tenant, livemode, session_id, account_id) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING`,

	AdvanceTransactionSequence: `
WITH changed AS (
    UPDATE accounts SET transaction_sequence = transaction_sequence + 1
    WHERE tenant = $1 AND livemode = $2 AND id = $3 RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	TransactionSequence: `
SELECT transaction_sequence FROM accounts WHERE tenant = $1 AND livemode = $2 AND id = $3`,
}
