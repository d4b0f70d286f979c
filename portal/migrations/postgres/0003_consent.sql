-- How far a customer's permission goes.

-- It ends with the next reset that makes use of it.
ALTER TABLE accounts ADD COLUMN resets_allowed_once BOOLEAN NOT NULL DEFAULT FALSE;
-- Only mailed links, whatever the permission says.
ALTER TABLE accounts ADD COLUMN links_only BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE consents ADD COLUMN once BOOLEAN NOT NULL DEFAULT FALSE;
-- The last moment of a permission that ends by itself.
ALTER TABLE consents ADD COLUMN until BIGINT;
