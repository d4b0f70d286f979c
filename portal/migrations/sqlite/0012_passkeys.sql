-- Passkeys lie beside authenticator apps: sealed with their public key and counter (in last_step), so that nobody who
-- writes to the database makes one.
ALTER TABLE factors ADD COLUMN credential_id BLOB;
-- The host that it works at, and no other.
ALTER TABLE factors ADD COLUMN host TEXT;
-- Since when it is refused, because there seem to be two of it.
ALTER TABLE factors ADD COLUMN copied_at INTEGER;
CREATE UNIQUE INDEX factors_credential ON factors (credential_id);

-- Questions to browsers that were answered: none is answered twice.
CREATE TABLE answered_questions (
    id BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
);
CREATE INDEX answered_questions_expires ON answered_questions (expires_at);

-- Whether an account has a second factor: who has none is listed, and counted by organization.
ALTER TABLE accounts ADD COLUMN has_factor BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE accounts SET has_factor = TRUE WHERE EXISTS (SELECT 1 FROM factors WHERE factors.account_id = accounts.id);
CREATE INDEX accounts_factor ON accounts (organization_id, has_factor, id) WHERE kind = 'customer';
