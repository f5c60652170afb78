-- +goose Up
-- Bodies are kept as they stand in a list, which is how they are read: without a line's end behind them, and further to the
-- right. No text in them has a line's end of its own.
UPDATE transactions
SET body = CAST(replace(rtrim(CAST(body AS TEXT), char(10)), char(10), char(10) || '    ') AS BLOB);
