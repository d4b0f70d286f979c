-- Second factors: what else than a password proves who one is.
CREATE TABLE factors (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    -- What its owner calls the device.
    name TEXT NOT NULL,
    -- What app and server share.
    sealed BYTEA NOT NULL,
    -- The last step of time whose code was accepted: none is accepted twice.
    last_step BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX factors_account ON factors (account_id);

-- A new secret that waits for its first code; the one in use works until then.
CREATE TABLE factor_setups (
    account_id UUID NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    code_hash BYTEA NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (account_id, code_hash)
);

-- New recovery codes, shown until their owner has saved them; those before work until then.
CREATE TABLE recovery_setups (
    account_id UUID NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- Wrong codes in a sign-in that waits for a second factor.
ALTER TABLE sessions ADD COLUMN wrong_codes INTEGER NOT NULL DEFAULT 0;

-- Whether the password is one that is too short without a second factor.
ALTER TABLE accounts ADD COLUMN password_leans BOOLEAN NOT NULL DEFAULT FALSE;
