-- Work of many steps, and what customers are told apart by.

-- What the reseller calls a customer names one of an organization's customers.
CREATE UNIQUE INDEX accounts_reference ON accounts (organization_id, reference) WHERE reference IS NOT NULL;

-- Work of many steps, row by row: an import, links to many customers. Whichever node has the time
-- does the next batch.
CREATE TABLE jobs (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    -- Staff of it, and of those above it, see the job.
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    created_by BLOB NOT NULL,
    state TEXT NOT NULL,
    -- What is to be done, and on whose behalf, as JSON.
    plan TEXT NOT NULL,
    total INTEGER NOT NULL,
    -- The batch that is next.
    position INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    -- How often the batch that is next was tried.
    attempts INTEGER NOT NULL,
    -- It rests until then.
    due_at INTEGER NOT NULL,
    -- One works on it at a time, until then at most.
    lease_until INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    finished_at INTEGER
);
CREATE INDEX jobs_due ON jobs (state, due_at);
CREATE INDEX jobs_organization ON jobs (organization_id, kind, created_at);

-- A hundred rows or fewer, done in one transaction that also moves the job on.
CREATE TABLE job_batches (
    job_id BLOB NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    -- The rows, as JSON, sealed; gone once they are done.
    content BLOB,
    -- What came of them, as JSON, without anything personal.
    result TEXT,
    refused INTEGER NOT NULL,
    PRIMARY KEY (job_id, number)
);
