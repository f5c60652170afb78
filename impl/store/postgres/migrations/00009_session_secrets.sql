-- +goose Up
-- A client_secret shows the time in its session's id, by which the session is found.
ALTER TABLE sessions DROP COLUMN client_secret_hash;
