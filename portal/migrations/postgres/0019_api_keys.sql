-- Keys by which programs use the API, in the name of whoever made them.
CREATE TABLE api_keys (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    made_by UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- The words of what it may do, with a space between them.
    permissions TEXT NOT NULL,
    -- By which it is found; and the hash of what proves that it is the one.
    public_id TEXT NOT NULL UNIQUE,
    secret_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    -- When it ended before its time, and why.
    ended_at BIGINT,
    ended_for TEXT
);
CREATE INDEX api_keys_organization ON api_keys (organization_id, created_at);
CREATE INDEX api_keys_maker ON api_keys (made_by);

-- What was answered to requests that may be sent again: those with an idempotency key.
CREATE TABLE api_answers (
    key_id UUID NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    begun_at BIGINT NOT NULL,
    -- Missing as long as nothing was answered.
    status BIGINT,
    location TEXT,
    etag TEXT,
    body TEXT,
    -- Whom the answer is about: it goes with them.
    account_id UUID,
    PRIMARY KEY (key_id, name)
);
CREATE INDEX api_answers_begun ON api_answers (begun_at);
CREATE INDEX api_answers_account ON api_answers (account_id) WHERE account_id IS NOT NULL;
