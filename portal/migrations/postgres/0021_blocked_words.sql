-- Words that no password of an organization, or of one below it, is made of; one on a line.
CREATE TABLE blocked_words (
    organization_id UUID NOT NULL PRIMARY KEY REFERENCES organizations (id),
    words TEXT NOT NULL
);
