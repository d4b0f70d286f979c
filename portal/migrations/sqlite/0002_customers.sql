-- Customers, as staff find them.

-- Until when the reseller may set the password: 0 is not at all, the greatest number for ever.
-- accounts.allows_resets says the same to versions before this one.
ALTER TABLE accounts ADD COLUMN resets_allowed_until INTEGER NOT NULL DEFAULT 0;
UPDATE accounts SET resets_allowed_until = 9223372036854775807 WHERE allows_resets;

-- Each customer once for their organization and once for every one above it, with what lists are
-- ordered by: a page of any scope is one walk along an index.
CREATE TABLE customer_listings (
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    ancestor_id BLOB NOT NULL REFERENCES organizations (id),
    name_key TEXT NOT NULL,
    company_key TEXT NOT NULL,
    -- 0 is never.
    last_sign_in_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, ancestor_id)
) WITHOUT ROWID;
CREATE INDEX customer_listings_name ON customer_listings (ancestor_id, name_key, account_id);
CREATE INDEX customer_listings_company ON customer_listings (ancestor_id, company_key, account_id);
CREATE INDEX customer_listings_sign_in ON customer_listings (ancestor_id, last_sign_in_at, account_id);

-- What customers are found by: folded words, each with a space before it, so that a part of a word
-- and the beginning of a word are both just a part of the text.
CREATE TABLE customer_texts (
    number INTEGER NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL UNIQUE REFERENCES accounts (id) ON DELETE CASCADE,
    text TEXT NOT NULL
);
CREATE VIRTUAL TABLE customer_trigrams USING fts5 (
    text, content = '', contentless_delete = 1, detail = none,
    tokenize = 'trigram case_sensitive 1'
);
CREATE TRIGGER customer_texts_added AFTER INSERT ON customer_texts BEGIN
    INSERT INTO customer_trigrams (rowid, text) VALUES (new.number, new.text);
END;
CREATE TRIGGER customer_texts_changed AFTER UPDATE OF text ON customer_texts WHEN new.text <> old.text BEGIN
    DELETE FROM customer_trigrams WHERE rowid = old.number;
    INSERT INTO customer_trigrams (rowid, text) VALUES (new.number, new.text);
END;
CREATE TRIGGER customer_texts_removed AFTER DELETE ON customer_texts BEGIN
    DELETE FROM customer_trigrams WHERE rowid = old.number;
END;

-- One for each state that lists are narrowed by.
CREATE INDEX accounts_locked ON accounts (organization_id) WHERE kind = 'customer' AND locked_by IS NOT NULL;
CREATE INDEX accounts_must_change ON accounts (organization_id) WHERE kind = 'customer' AND must_change_password;
CREATE INDEX accounts_consent ON accounts (organization_id, resets_allowed_until) WHERE kind = 'customer';
CREATE INDEX accounts_never_signed_in ON accounts (organization_id) WHERE kind = 'customer' AND last_sign_in_at IS NULL;
CREATE INDEX accounts_suspended ON accounts (organization_id) WHERE kind = 'customer' AND state = 'suspended';
