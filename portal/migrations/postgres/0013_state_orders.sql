-- Customers in a state are listed in the order of that state's index: what they are ordered by stands
-- in it too, so that nobody is looked up before the page is known. Written with customer_listings.
ALTER TABLE accounts ADD COLUMN name_key TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN company_key TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE accounts SET (name_key, company_key) = (
    SELECT name_key, company_key FROM customer_listings WHERE account_id = accounts.id AND ancestor_id = accounts.organization_id
) WHERE EXISTS (SELECT 1 FROM customer_listings WHERE account_id = accounts.id AND ancestor_id = accounts.organization_id);

DROP INDEX accounts_locked_by;
CREATE INDEX accounts_locked_by ON accounts (organization_id, locked_by, locked_until, id, name_key, company_key, last_sign_in_at) WHERE kind = 'customer' AND locked_by IS NOT NULL;
DROP INDEX accounts_must_change;
CREATE INDEX accounts_must_change ON accounts (organization_id, must_change_password, id, name_key, company_key, last_sign_in_at) WHERE kind = 'customer' AND must_change_password;
DROP INDEX accounts_never_signed_in;
CREATE INDEX accounts_never_signed_in ON accounts (organization_id, last_sign_in_at, id, name_key, company_key) WHERE kind = 'customer' AND last_sign_in_at IS NULL;
DROP INDEX accounts_suspended;
CREATE INDEX accounts_suspended ON accounts (organization_id, state, id, name_key, company_key, last_sign_in_at) WHERE kind = 'customer' AND state = 'suspended';
-- Most customers are in these two, and every sign-in would write them: the last sign-in is looked up.
DROP INDEX accounts_consent;
CREATE INDEX accounts_consent ON accounts (organization_id, resets_allowed_until, id, name_key, company_key) WHERE kind = 'customer';
DROP INDEX accounts_factor;
CREATE INDEX accounts_factor ON accounts (organization_id, has_factor, id, name_key, company_key) WHERE kind = 'customer';
