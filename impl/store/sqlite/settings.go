package sqlite

import "fincon/impl/store"

var settingStatements = store.SettingStatements{
	SetSetting: `
INSERT INTO settings (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value`,

	Setting: `
SELECT value FROM settings WHERE name = ?`,
}
