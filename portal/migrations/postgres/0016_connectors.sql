-- Downstream systems that an organization has configured.
CREATE TABLE connectors (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    -- The word of its kind.
    kind TEXT NOT NULL,
    -- What staff and customers call the system.
    name TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    -- Its settings as JSON, by field; and the secrets among them, sealed.
    settings TEXT NOT NULL,
    sealed BYTEA,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- How the last look at it ended, as JSON.
    tested TEXT,
    -- Failures in a row, and until when it is left alone after too many of them.
    failures BIGINT NOT NULL DEFAULT 0,
    rests_until BIGINT
);
CREATE INDEX connectors_organization ON connectors (organization_id, name);

-- Customers' accounts in them.
CREATE TABLE service_accounts (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    connector_id UUID NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    -- Its name there, as it is spelled there.
    name TEXT NOT NULL,
    -- By which it is known not to be another one of the same name.
    fingerprint TEXT,
    -- What the system told last, as JSON, and when.
    overview TEXT,
    overview_at BIGINT,
    -- Why it could not be asked last, and when.
    trouble TEXT,
    trouble_at BIGINT,
    -- Since when its password is another one than here, or may be.
    differs_since BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (connector_id, name)
);
CREATE INDEX service_accounts_account ON service_accounts (account_id);
CREATE INDEX service_accounts_connector ON service_accounts (connector_id, account_id);
CREATE INDEX service_accounts_differing ON service_accounts (account_id) WHERE differs_since IS NOT NULL;
