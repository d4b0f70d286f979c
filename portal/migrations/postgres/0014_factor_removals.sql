-- Second factors that their owners lost, on their way to be removed by staff; and those that were.
CREATE TABLE factor_removals (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- Who asked for it, and may be gone.
    asked_by UUID NOT NULL,
    reason TEXT NOT NULL,
    ticket TEXT,
    -- What links in mails about it begin with.
    origin TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    closed_at BIGINT
);
-- One at a time.
CREATE UNIQUE INDEX factor_removals_waiting ON factor_removals (account_id) WHERE state = 'waiting';
CREATE INDEX factor_removals_due ON factor_removals (due_at) WHERE state = 'waiting';
CREATE INDEX factor_removals_account ON factor_removals (account_id, created_at);

-- The removal that a link stops, or tells of.
ALTER TABLE links ADD COLUMN removal_id UUID;
