-- Callers who prove who they are, and customers who say "this wasn't me".

-- A code on its way to a customer, to be read back by whoever called.
CREATE TABLE verifications (
    id BLOB NOT NULL PRIMARY KEY,
    operator_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    action TEXT NOT NULL,
    -- How the code reaches the customer.
    method TEXT NOT NULL,
    -- The code, and the words that both sides see; wiped when it is over.
    sealed BLOB,
    failures INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    closed_at INTEGER
);
CREATE INDEX verifications_account ON verifications (account_id, closed_at);
CREATE INDEX verifications_expiry ON verifications (closed_at, expires_at);

-- What a customer disputed, until an owner closes it. Until then the operator who did it does
-- nothing for that customer.
CREATE TABLE disputes (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    operator_id BLOB,
    reset_id BLOB,
    created_at INTEGER NOT NULL,
    closed_at INTEGER,
    closed_by BLOB,
    reason TEXT
);
CREATE INDEX disputes_account ON disputes (account_id, closed_at);
CREATE INDEX disputes_open ON disputes (organization_id, created_at) WHERE closed_at IS NULL;
