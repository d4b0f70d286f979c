-- What customers are found by holds the scopes they are in as well, so that words which many have
-- elsewhere cost nothing in a scope where few do. Each scope is one word of three characters that no
-- text has; empty until the next start has filled it in.
ALTER TABLE customer_texts ADD COLUMN scopes TEXT NOT NULL DEFAULT '';

DROP TRIGGER customer_texts_added;
DROP TRIGGER customer_texts_changed;
DROP TRIGGER customer_texts_removed;
DROP TABLE customer_trigrams;
CREATE VIRTUAL TABLE customer_trigrams USING fts5 (
    text, scopes, content = '', contentless_delete = 1, detail = none,
    tokenize = 'trigram case_sensitive 1'
);
INSERT INTO customer_trigrams (rowid, text, scopes) SELECT number, text, scopes FROM customer_texts;
CREATE TRIGGER customer_texts_added AFTER INSERT ON customer_texts BEGIN
    INSERT INTO customer_trigrams (rowid, text, scopes) VALUES (new.number, new.text, new.scopes);
END;
CREATE TRIGGER customer_texts_changed AFTER UPDATE OF text, scopes ON customer_texts
WHEN new.text <> old.text OR new.scopes <> old.scopes BEGIN
    DELETE FROM customer_trigrams WHERE rowid = old.number;
    INSERT INTO customer_trigrams (rowid, text, scopes) VALUES (new.number, new.text, new.scopes);
END;
CREATE TRIGGER customer_texts_removed AFTER DELETE ON customer_texts BEGIN
    DELETE FROM customer_trigrams WHERE rowid = old.number;
END;

-- The states that lists are narrowed by are counted and gathered in their indexes alone.
DROP INDEX accounts_locked_by;
CREATE INDEX accounts_locked_by ON accounts (organization_id, locked_by, locked_until, id) WHERE kind = 'customer' AND locked_by IS NOT NULL;
DROP INDEX accounts_must_change;
CREATE INDEX accounts_must_change ON accounts (organization_id, must_change_password, id) WHERE kind = 'customer' AND must_change_password;
DROP INDEX accounts_consent;
CREATE INDEX accounts_consent ON accounts (organization_id, resets_allowed_until, id) WHERE kind = 'customer';
DROP INDEX accounts_never_signed_in;
CREATE INDEX accounts_never_signed_in ON accounts (organization_id, last_sign_in_at, id) WHERE kind = 'customer' AND last_sign_in_at IS NULL;
DROP INDEX accounts_suspended;
CREATE INDEX accounts_suspended ON accounts (organization_id, state, id) WHERE kind = 'customer' AND state = 'suspended';
DROP INDEX organization_ancestors_ancestor;
CREATE INDEX organization_ancestors_ancestor ON organization_ancestors (ancestor_id, organization_id);
