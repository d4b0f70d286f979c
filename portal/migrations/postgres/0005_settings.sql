-- How an organization's mail is sent; what has none is sent as those above it do.
CREATE TABLE mail_settings (
    organization_id UUID NOT NULL PRIMARY KEY REFERENCES organizations (id),
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    -- starttls, tls, or none to this very machine.
    security TEXT NOT NULL,
    user_name TEXT,
    sealed_password BYTEA,
    from_email TEXT NOT NULL,
    from_name TEXT,
    updated_at BIGINT NOT NULL
);

-- The link a mail holds: sent again, that one is made worthless.
ALTER TABLE outbox ADD COLUMN link_id UUID;
-- What a mail that was given up needs to be written again, sealed, without its link.
ALTER TABLE outbox ADD COLUMN kept BYTEA;

-- The log of an organization's mail, of all states and of one.
CREATE INDEX outbox_organization ON outbox (organization_id, created_at, id);
CREATE INDEX outbox_organization_state ON outbox (organization_id, state, created_at, id);
