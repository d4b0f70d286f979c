-- Where organizations are told of what happens.
CREATE TABLE event_hooks (
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    address TEXT NOT NULL,
    -- The words of the events that it is told of, with a space between them.
    events TEXT NOT NULL,
    -- The secret that messages are signed with, and the one before it.
    sealed BLOB NOT NULL,
    -- Until when that one signs, too.
    previous_until INTEGER,
    state TEXT NOT NULL,
    -- Until when it is left alone, having asked for it.
    rests_until INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX event_hooks_organization ON event_hooks (organization_id, created_at);

-- Messages to them: written with what they tell of, sent later, at least once. No foreign keys:
-- writing one holds nothing that somebody else waits for.
CREATE TABLE event_deliveries (
    id BLOB NOT NULL PRIMARY KEY,
    hook_id BLOB NOT NULL,
    event TEXT NOT NULL,
    -- The audit entry, its kind, when and in which organization it happened; none of a test.
    audit_id BLOB,
    cause TEXT,
    happened_at INTEGER NOT NULL,
    organization_id BLOB NOT NULL,
    actor_kind TEXT NOT NULL,
    -- Whom it is about, whether that is staff or a customer, and the customer's reference.
    account_id BLOB,
    account_kind TEXT,
    reference TEXT,
    reset_id BLOB,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    lease_until INTEGER,
    expires_at INTEGER NOT NULL,
    finished_at INTEGER,
    -- The status of the last answer; or the word of why there was none.
    status INTEGER,
    trouble TEXT
);
CREATE INDEX event_deliveries_hook ON event_deliveries (hook_id, id);
CREATE INDEX event_deliveries_due ON event_deliveries (due_at) WHERE state = 'waiting';
CREATE INDEX event_deliveries_leased ON event_deliveries (hook_id) WHERE lease_until IS NOT NULL;
CREATE INDEX event_deliveries_finished ON event_deliveries (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX event_deliveries_account ON event_deliveries (account_id) WHERE reference IS NOT NULL;
