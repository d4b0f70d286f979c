-- Times are microseconds since 1970 in UTC, alike on both engines. Enums are words.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE organizations (
    id UUID NOT NULL PRIMARY KEY,
    parent_id UUID REFERENCES organizations (id),
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX organizations_parent ON organizations (parent_id);
-- There is one operator.
CREATE UNIQUE INDEX organizations_root ON organizations ((parent_id IS NULL)) WHERE parent_id IS NULL;

-- Every organization with each of its ancestors and itself (distance 0).
CREATE TABLE organization_ancestors (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    ancestor_id UUID NOT NULL REFERENCES organizations (id),
    distance INTEGER NOT NULL,
    PRIMARY KEY (organization_id, ancestor_id)
);
CREATE INDEX organization_ancestors_ancestor ON organization_ancestors (ancestor_id);

CREATE TABLE sites (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    -- Public paths begin with /s/{slug}; the default site may do without.
    slug TEXT UNIQUE,
    is_default BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    tagline TEXT,
    support_email TEXT,
    language TEXT NOT NULL,
    -- Colours, radius, font and the like, as JSON.
    brand TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sites_default ON sites (is_default) WHERE is_default;

CREATE TABLE site_hosts (
    host TEXT NOT NULL PRIMARY KEY,
    site_id UUID NOT NULL REFERENCES sites (id),
    is_primary BOOLEAN NOT NULL
);

-- Which front door an organization uses: its own, or its parent's.
CREATE TABLE organization_sites (
    organization_id UUID NOT NULL PRIMARY KEY REFERENCES organizations (id),
    site_id UUID NOT NULL REFERENCES sites (id)
);

CREATE TABLE accounts (
    id UUID NOT NULL PRIMARY KEY,
    site_id UUID NOT NULL REFERENCES sites (id),
    organization_id UUID NOT NULL REFERENCES organizations (id),
    kind TEXT NOT NULL,
    role TEXT,
    state TEXT NOT NULL,
    email TEXT NOT NULL,
    -- The canonical form that sign-in and uniqueness go by.
    email_key TEXT NOT NULL,
    user_name TEXT,
    name TEXT NOT NULL,
    company TEXT,
    reference TEXT,
    language TEXT NOT NULL,
    allows_resets BOOLEAN NOT NULL,
    password_hash TEXT,
    password_changed_at BIGINT,
    -- A temporary password works until then.
    password_expires_at BIGINT,
    must_change_password BOOLEAN NOT NULL,
    locked_by TEXT,
    locked_until BIGINT,
    last_sign_in_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (site_id, email_key),
    UNIQUE (site_id, user_name)
);
CREATE INDEX accounts_organization ON accounts (organization_id, kind, name);

CREATE TABLE password_history (
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    retired_at BIGINT NOT NULL,
    password_hash TEXT NOT NULL,
    PRIMARY KEY (account_id, retired_at)
);

-- What an organization chose itself; what is absent is inherited.
CREATE TABLE policies (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    rule TEXT NOT NULL,
    value BIGINT,
    ceiling BIGINT,
    PRIMARY KEY (organization_id, rule)
);

-- The consent ledger: never changed, only added to. accounts.allows_resets is its last line.
CREATE TABLE consents (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    granted BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    actor_id UUID,
    at BIGINT NOT NULL
);
CREATE INDEX consents_account ON consents (account_id, at);

CREATE TABLE devices (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    token_hash BYTEA NOT NULL UNIQUE,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Until then the second factor is not asked for on this device.
    remembered_until BIGINT,
    revoked_at BIGINT
);
CREATE INDEX devices_account ON devices (account_id);

CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    site_id UUID NOT NULL REFERENCES sites (id),
    device_id UUID REFERENCES devices (id),
    -- full, or half: the password is proven and a second factor is not.
    stage TEXT NOT NULL,
    kept BOOLEAN NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    idle_until BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    stepped_up_at BIGINT,
    ended_at BIGINT
);
CREATE INDEX sessions_account ON sessions (account_id, ended_at);
CREATE INDEX sessions_expiry ON sessions (ended_at, idle_until);

-- Failures in a row, by account, unknown name or known device; nothing passes before open_at.
CREATE TABLE sign_in_counters (
    name TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    open_at BIGINT NOT NULL,
    counted_at BIGINT NOT NULL
);

-- Rates (GCRA): the moment at which the whole allowance is there again.
CREATE TABLE throttles (
    name TEXT NOT NULL PRIMARY KEY,
    full_at BIGINT NOT NULL
);
CREATE INDEX throttles_full ON throttles (full_at);

-- What was asked for at the forgotten-password page; worked off outside the request, so that
-- the answer is the same, also in time, whether the account exists.
CREATE TABLE forgotten_requests (
    id UUID NOT NULL PRIMARY KEY,
    site_id UUID NOT NULL REFERENCES sites (id),
    sealed BYTEA NOT NULL,
    requested_at BIGINT NOT NULL
);

CREATE TABLE resets (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    -- A newer reset of the same account supersedes older ones.
    sequence BIGINT NOT NULL,
    state TEXT NOT NULL,
    delivery TEXT NOT NULL,
    requested_by UUID,
    approved_by UUID,
    reason TEXT,
    ticket TEXT,
    -- The hash to come, from the decision to the last step.
    new_hash TEXT,
    -- The password for downstream systems, sealed, and when the seal is wiped at the latest.
    sealed_password BYTEA,
    seal_expires_at BIGINT,
    -- What the last step needs to know of the visit that began it, as JSON, sealed.
    sealed_context BYTEA,
    lease_until BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT,
    UNIQUE (account_id, sequence)
);
CREATE INDEX resets_state ON resets (state, lease_until);
CREATE INDEX resets_organization ON resets (organization_id, state);

CREATE TABLE reset_targets (
    id UUID NOT NULL PRIMARY KEY,
    reset_id UUID NOT NULL REFERENCES resets (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    service_account_id UUID,
    position INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    attempts INTEGER NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (reset_id, position)
);

CREATE TABLE links (
    id UUID NOT NULL PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    site_id UUID NOT NULL REFERENCES sites (id),
    reset_id UUID REFERENCES resets (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    origin TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX links_account ON links (account_id, state);
CREATE INDEX links_expiry ON links (state, expires_at);

-- Single-use proof that a caller was verified, bound to operator, customer and action.
CREATE TABLE receipts (
    id UUID NOT NULL PRIMARY KEY,
    operator_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    action TEXT NOT NULL,
    method TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    reset_id UUID REFERENCES resets (id) ON DELETE SET NULL
);
CREATE INDEX receipts_account ON receipts (account_id);

-- The last line of each organization's audit chain; locking it orders the writers.
CREATE TABLE audit_heads (
    organization_id UUID NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    -- Up to where the head has gone to the anchor file.
    anchored BIGINT NOT NULL
);

CREATE TABLE audit_entries (
    organization_id UUID NOT NULL,
    position BIGINT NOT NULL,
    id UUID NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    subject_id UUID,
    reset_id UUID,
    request_id TEXT NOT NULL,
    personal_digest BYTEA NOT NULL,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (organization_id, position)
);
CREATE INDEX audit_entries_subject ON audit_entries (subject_id, id);

-- Personal values of audit entries. Erasing a row leaves the chain whole: the digest is salted.
CREATE TABLE audit_personal (
    audit_id UUID NOT NULL PRIMARY KEY,
    salt BYTEA NOT NULL,
    content TEXT NOT NULL
);

-- Mail on its way, written with the change that causes it.
CREATE TABLE outbox (
    id UUID NOT NULL PRIMARY KEY,
    site_id UUID NOT NULL REFERENCES sites (id),
    organization_id UUID NOT NULL REFERENCES organizations (id),
    account_id UUID,
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    recipient TEXT NOT NULL,
    -- What the template needs, sealed; wiped when sent, dead or expired.
    sealed BYTEA,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at BIGINT NOT NULL,
    lease_until BIGINT,
    expires_at BIGINT NOT NULL,
    answer TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX outbox_due ON outbox (state, due_at);
CREATE INDEX outbox_account ON outbox (account_id);
