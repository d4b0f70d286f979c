-- Work of many steps, and what customers are told apart by.

-- What the reseller calls a customer names one of an organization's customers.
CREATE UNIQUE INDEX accounts_reference ON accounts (organization_id, reference) WHERE reference IS NOT NULL;

-- Work of many steps, row by row: an import, links to many customers. Whichever node has the time
-- does the next batch.
CREATE TABLE jobs (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    -- Staff of it, and of those above it, see the job.
    organization_id UUID NOT NULL REFERENCES organizations (id),
    created_by UUID NOT NULL,
    state TEXT NOT NULL,
    -- What is to be done, and on whose behalf, as JSON.
    plan TEXT NOT NULL,
    total BIGINT NOT NULL,
    -- The batch that is next.
    position BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    -- How often the batch that is next was tried.
    attempts BIGINT NOT NULL,
    -- It rests until then.
    due_at BIGINT NOT NULL,
    -- One works on it at a time, until then at most.
    lease_until BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX jobs_due ON jobs (state, due_at);
CREATE INDEX jobs_organization ON jobs (organization_id, kind, created_at);

-- A hundred rows or fewer, done in one transaction that also moves the job on.
CREATE TABLE job_batches (
    job_id UUID NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    -- The rows, as JSON, sealed; gone once they are done.
    content BYTEA,
    -- What came of them, as JSON, without anything personal.
    result TEXT,
    refused BIGINT NOT NULL,
    PRIMARY KEY (job_id, number)
);
