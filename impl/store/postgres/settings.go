package postgres

import "fincon/impl/store"

var settingStatements = store.SettingStatements{
	SetSetting: `
WITH changed AS (
    INSERT INTO settings (name, value) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value RETURNING 1)
SELECT 1 / count(*) FROM changed`,

	Setting: `
SELECT value FROM settings WHERE name = $1`,
}
