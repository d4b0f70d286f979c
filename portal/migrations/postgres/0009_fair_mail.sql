-- Letters that somebody waits for go before invitations, of which an import sends thousands; and
-- those that are being sent are counted by organization, so that one whose mail server hangs does
-- not hold up the others.
CREATE INDEX outbox_urgent ON outbox (due_at, id) WHERE state = 'waiting' AND kind <> 'invitation';
CREATE INDEX outbox_leased ON outbox (organization_id) WHERE state = 'waiting' AND lease_until IS NOT NULL;
