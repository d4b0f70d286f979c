-- Work of many steps, and what customers are told apart by.

-- What the reseller calls a customer names one of an organization's customers.
CREATE UNIQUE INDEX accounts_reference ON accounts (organization_id, reference) WHERE reference IS NOT NULL;
