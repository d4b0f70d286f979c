-- Changes of email addresses: confirmed at the new one, held while the old one can stop them.
CREATE TABLE email_changes (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- Who asked for it: the account itself, or staff, who may be gone.
    asked_by UUID NOT NULL,
    -- Why staff asked for it.
    reason TEXT,
    ticket TEXT,
    -- Who agreed, where a second one had to, and may be gone.
    approved_by UUID,
    new_email TEXT NOT NULL,
    -- The same as signing in compares it.
    new_key TEXT NOT NULL,
    -- What links in mails about it begin with.
    origin TEXT NOT NULL,
    state TEXT NOT NULL,
    confirmed_at BIGINT,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    closed_at BIGINT
);
-- One at a time.
CREATE UNIQUE INDEX email_changes_open ON email_changes (account_id) WHERE state IN ('approval', 'waiting');
CREATE INDEX email_changes_due ON email_changes (due_at) WHERE state IN ('approval', 'waiting');
CREATE INDEX email_changes_account ON email_changes (account_id, created_at);

-- The change of an address that a link confirms, stops, or tells of.
ALTER TABLE links ADD COLUMN email_change_id UUID;
