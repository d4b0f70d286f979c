-- What staff read about many: the audit log, resets, mail that was given up. Ids begin with their
-- moment, so that an index by organization and id is one by time.

-- Entries of an organization, newest first; those of one kind; those of one actor.
CREATE INDEX audit_entries_newest ON audit_entries (organization_id, id);
CREATE INDEX audit_entries_kind ON audit_entries (organization_id, kind, id);
CREATE INDEX audit_entries_actor ON audit_entries (actor_id, id);

-- Resets of an organization, newest first, with what is counted by day; those in one state.
CREATE INDEX resets_newest ON resets (organization_id, id, created_at, delivery);
CREATE INDEX resets_newest_in_state ON resets (organization_id, state, id);
-- The index above does all that this one did.
DROP INDEX resets_organization;

-- Mail that was given up; customers who are locked, by what locked them.
CREATE INDEX outbox_dead ON outbox (organization_id) WHERE state = 'dead';
CREATE INDEX accounts_locked_by ON accounts (organization_id, locked_by, locked_until) WHERE kind = 'customer' AND locked_by IS NOT NULL;
DROP INDEX accounts_locked;
