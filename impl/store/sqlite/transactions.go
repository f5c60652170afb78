package sqlite

import "fincon/impl/store"

var transactionStatements = store.TransactionStatements{
	PutTransaction: `
INSERT INTO transactions (tenant, livemode, id, account_id, bank_id, transacted_at, sequence, status, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant, livemode, account_id, bank_id) DO UPDATE SET id = excluded.id,
    transacted_at = excluded.transacted_at, sequence = excluded.sequence, status = excluded.status, body = excluded.body`,

	Transaction: `
SELECT id, account_id, bank_id, transacted_at, sequence, status, body FROM transactions
WHERE tenant = ? AND livemode = ? AND id = ?`,

	TransactionExists: `
SELECT EXISTS (SELECT 1 FROM transactions WHERE tenant = ? AND livemode = ? AND id = ?)`,

	TransactionTime: `
SELECT transacted_at FROM transactions WHERE tenant = ? AND livemode = ? AND id = ? AND account_id = ?`,

	TransactionsSince: `
SELECT id, account_id, bank_id, transacted_at, sequence, status, body FROM transactions
WHERE tenant = ? AND livemode = ? AND account_id = ? AND transacted_at >= ?
ORDER BY transacted_at DESC, id DESC`,

	OlderTransactions: `
SELECT id, account_id, bank_id, transacted_at, sequence, status, body FROM transactions
WHERE tenant = ? AND livemode = ? AND account_id = ?
    AND (transacted_at, id) > (?, ?) AND (transacted_at, id) < (?, ?)
ORDER BY transacted_at DESC, id DESC LIMIT ?`,

	NewerTransactions: `
SELECT id, account_id, bank_id, transacted_at, sequence, status, body FROM transactions
WHERE tenant = ? AND livemode = ? AND account_id = ?
    AND (transacted_at, id) > (?, ?) AND (transacted_at, id) < (?, ?)
ORDER BY transacted_at, id LIMIT ?`,

	OlderTransactionBodies: `
SELECT body FROM transactions
WHERE tenant = ? AND livemode = ? AND account_id = ?
    AND (transacted_at, id) > (?, ?) AND (transacted_at, id) < (?, ?)
ORDER BY transacted_at DESC, id DESC LIMIT ?`,

	TransactionBodiesAfter: `
SELECT body FROM transactions
WHERE tenant = ?1 AND livemode = ?2 AND account_id = ?3 AND (transacted_at, id) > (?4, ?5)
    AND (transacted_at, id) < (
        (SELECT CASE WHEN transacted_at > ?6 THEN ?6 ELSE transacted_at END
         FROM transactions WHERE tenant = ?1 AND livemode = ?2 AND id = ?8 AND account_id = ?3),
        (SELECT CASE WHEN transacted_at > ?6 THEN ?7 ELSE id END
         FROM transactions WHERE tenant = ?1 AND livemode = ?2 AND id = ?8 AND account_id = ?3))
ORDER BY transacted_at DESC, id DESC LIMIT ?9`,

	TransactionBodiesBefore: `
SELECT body FROM transactions
WHERE tenant = ?1 AND livemode = ?2 AND account_id = ?3 AND (transacted_at, id) < (?6, ?7)
    AND (transacted_at, id) > (
        (SELECT CASE WHEN transacted_at < ?4 THEN ?4 ELSE transacted_at END
         FROM transactions WHERE tenant = ?1 AND livemode = ?2 AND id = ?8 AND account_id = ?3),
        (SELECT CASE WHEN transacted_at < ?4 THEN ?5 ELSE id END
         FROM transactions WHERE tenant = ?1 AND livemode = ?2 AND id = ?8 AND account_id = ?3))
ORDER BY transacted_at, id LIMIT ?9`,

	NextSequence: `
SELECT sequence FROM transactions
WHERE tenant = ? AND livemode = ? AND account_id = ? AND sequence > ? ORDER BY sequence LIMIT 1`,

	// Of two ways that look alike, SQLite takes the order of the table, where few rows have the sequence.
	OlderTransactionsBySequence: `
SELECT id, account_id, bank_id, transacted_at, sequence, status, body FROM transactions INDEXED BY transactions_sequence
WHERE tenant = ? AND livemode = ? AND account_id = ? AND sequence = ?
    AND (transacted_at, id) > (?, ?) AND (transacted_at, id) < (?, ?)
ORDER BY transacted_at DESC, id DESC LIMIT ?`,

	NewerTransactionsBySequence: `
SELECT id, account_id, bank_id, transacted_at, sequence, status, body FROM transactions INDEXED BY transactions_sequence
WHERE tenant = ? AND livemode = ? AND account_id = ? AND sequence = ?
    AND (transacted_at, id) > (?, ?) AND (transacted_at, id) < (?, ?)
ORDER BY transacted_at, id LIMIT ?`,

	InsertTransactionRefresh: `
INSERT INTO transaction_refreshes (tenant, livemode, id, account_id, sequence)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING`,

	TransactionRefresh: `
SELECT account_id, sequence FROM transaction_refreshes
WHERE tenant = ? AND livemode = ? AND id = ?`,
}
