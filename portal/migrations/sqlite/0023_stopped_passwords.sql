-- When the password was stopped after an incident: what was on its way before does not take effect.
ALTER TABLE accounts ADD COLUMN password_stopped_at INTEGER;
