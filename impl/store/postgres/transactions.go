package postgres

import "fincon/impl/store"

var transactionStatements = store.TransactionStatements{
	PutTransaction: `
WITH changed AS (
    INSERT INTO transactions (tenant, livemode, id, account_id, bank_id, transacted_at, sequence, status, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (tenant, livemode, account_id, bank_id) DO UPDATE SET id = excluded.id,
        transacted_at = excluded.transacted_at, sequence = excluded.sequence, status = excluded.status, body = excluded.body
 RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	Transaction: `
SELECT id, account_id, bank_id, transacted_at, sequence, status, body FROM transactions
WHERE tenant = $1 AND livemode = $2 AND id = $3`,

	TransactionExists: `
SELECT EXISTS (SELECT 1 FROM transactions WHERE tenant = $1 AND livemode = $2 AND id = $3)`,

	// A cursor is looked up by its id alone: written as an expression, its account is only compared. Without statistics,
	// after a large import, the planner would rather scan the account's index for it.
	TransactionTime: `
SELECT transacted_at FROM transactions WHERE tenant = $1 AND livemode = $2 AND id = $3 AND account_id || '' = $4`,

	TransactionsSince: `
SELECT id, account_id, bank_id, transacted_at, sequence, status, body FROM transactions
WHERE tenant = $1 AND livemode = $2 AND account_id = $3 AND transacted_at >= $4
ORDER BY transacted_at DESC, id DESC`,

	OlderTransactions: `
SELECT id, account_id, bank_id, transacted_at, sequence, status, body FROM transactions
WHERE tenant = $1 AND livemode = $2 AND account_id = $3
    AND (transacted_at, id) > ($4, $5) AND (transacted_at, id) < ($6, $7)
ORDER BY transacted_at DESC, id DESC LIMIT $8`,

	NewerTransactions: `
SELECT id, account_id, bank_id, transacted_at, sequence, status, body FROM transactions
WHERE tenant = $1 AND livemode = $2 AND account_id = $3
    AND (transacted_at, id) > ($4, $5) AND (transacted_at, id) < ($6, $7)
ORDER BY transacted_at, id LIMIT $8`,

	OlderTransactionBodies: `
SELECT body FROM transactions
WHERE tenant = $1 AND livemode = $2 AND account_id = $3
    AND (transacted_at, id) > ($4, $5) AND (transacted_at, id) < ($6, $7)
ORDER BY transacted_at DESC, id DESC LIMIT $8`,

	TransactionBodiesAfter: `
SELECT body FROM transactions
WHERE tenant = $1 AND livemode = $2 AND account_id = $3 AND (transacted_at, id) > ($4, $5)
    AND (transacted_at, id) < (
        (SELECT CASE WHEN transacted_at > $6 THEN $6 ELSE transacted_at END
         FROM transactions WHERE tenant = $1 AND livemode = $2 AND id = $8 AND account_id || '' = $3),
        (SELECT CASE WHEN transacted_at > $6 THEN $7 ELSE id END
         FROM transactions WHERE tenant = $1 AND livemode = $2 AND id = $8 AND account_id || '' = $3))
ORDER BY transacted_at DESC, id DESC LIMIT $9`,

	TransactionBodiesBefore: `
SELECT body FROM transactions
WHERE tenant = $1 AND livemode = $2 AND account_id = $3 AND (transacted_at, id) < ($6, $7)
    AND (transacted_at, id) > (
        (SELECT CASE WHEN transacted_at < $4 THEN $4 ELSE transacted_at END
         FROM transactions WHERE tenant = $1 AND livemode = $2 AND id = $8 AND account_id || '' = $3),
        (SELECT CASE WHEN transacted_at < $4 THEN $5 ELSE id END
         FROM transactions WHERE tenant = $1 AND livemode = $2 AND id = $8 AND account_id || '' = $3))
ORDER BY transacted_at, id LIMIT $9`,

	NextSequence: `
SELECT sequence FROM transactions
WHERE tenant = $1 AND livemode = $2 AND account_id = $3 AND sequence > $4 ORDER BY sequence LIMIT 1`,

	OlderTransactionsBySequence: `
SELECT id, account_id, bank_id, transacted_at, sequence, status, body FROM transactions
WHERE tenant = $1 AND livemode = $2 AND account_id = $3 AND sequence = $4
    AND (transacted_at, id) > ($5, $6) AND (transacted_at, id) < ($7, $8)
ORDER BY transacted_at DESC, id DESC LIMIT $9`,

	NewerTransactionsBySequence: `
SELECT id, account_id, bank_id, transacted_at, sequence, status, body FROM transactions
WHERE tenant = $1 AND livemode = $2 AND account_id = $3 AND sequence = $4
    AND (transacted_at, id) > ($5, $6) AND (transacted_at, id) < ($7, $8)
ORDER BY transacted_at, id LIMIT $9`,

	InsertTransactionRefresh: `
WITH changed AS (
    INSERT INTO transaction_refreshes (tenant, livemode, id, account_id, sequence)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	TransactionRefresh: `
SELECT account_id, sequence FROM transaction_refreshes
WHERE tenant = $1 AND livemode = $2 AND id = $3`,
}
