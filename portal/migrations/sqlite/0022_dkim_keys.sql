-- Keys by which an organization's mail is signed (DKIM).
CREATE TABLE dkim_keys (
    organization_id BLOB NOT NULL PRIMARY KEY REFERENCES organizations (id),
    -- Whose mail is signed, and where below that domain the public half is published.
    domain TEXT NOT NULL,
    selector TEXT NOT NULL,
    sealed BLOB NOT NULL,
    public_key TEXT NOT NULL,
    -- Whether mail is signed: not before the public half is published.
    active BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL
);
