-- What the policy says that nobody does alone: asked of a second person, decided, used.
CREATE TABLE approvals (
    id UUID NOT NULL PRIMARY KEY,
    -- Whose people it is about: staff of it, and of those above it, may decide.
    organization_id UUID NOT NULL REFERENCES organizations (id),
    action TEXT NOT NULL,
    -- Whom it is about; nobody where it is about many.
    account_id UUID REFERENCES accounts (id) ON DELETE CASCADE,
    -- The links to many that wait for it.
    job_id UUID REFERENCES jobs (id) ON DELETE CASCADE,
    -- Who asked, and may be gone.
    asked_by UUID NOT NULL,
    reason TEXT NOT NULL,
    ticket TEXT,
    state TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    -- Until when it can be decided; once somebody agreed, until when it can be used.
    expires_at BIGINT NOT NULL,
    -- Who decided, and may be gone.
    decided_by UUID,
    decided_at BIGINT,
    remark TEXT,
    -- The removal, reset or job that it was used for.
    used_for UUID,
    closed_at BIGINT
);
-- One at a time.
CREATE UNIQUE INDEX approvals_open ON approvals (account_id, asked_by, action) WHERE state IN ('asked', 'approved') AND account_id IS NOT NULL;
CREATE UNIQUE INDEX approvals_open_job ON approvals (job_id) WHERE state IN ('asked', 'approved') AND job_id IS NOT NULL;
CREATE INDEX approvals_account ON approvals (account_id, asked_at);
CREATE INDEX approvals_job ON approvals (job_id);
CREATE INDEX approvals_used ON approvals (used_for);
CREATE INDEX approvals_due ON approvals (expires_at) WHERE state IN ('asked', 'approved');
CREATE INDEX approvals_organization ON approvals (organization_id, expires_at) WHERE state IN ('asked', 'approved');

-- When the email address or the user name became another one.
ALTER TABLE accounts ADD COLUMN contact_changed_at BIGINT;
UPDATE accounts SET contact_changed_at = (SELECT MAX(closed_at) FROM email_changes WHERE email_changes.account_id = accounts.id AND email_changes.state = 'done')
WHERE id IN (SELECT account_id FROM email_changes WHERE state = 'done');
