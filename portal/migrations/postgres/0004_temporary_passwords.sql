-- Passwords that staff set, and links that ask for a PIN too.

-- The PIN that goes with a link, sealed, as long as the link waits to be used.
ALTER TABLE resets ADD COLUMN sealed_pin BYTEA;
ALTER TABLE links ADD COLUMN pin_failures INTEGER NOT NULL DEFAULT 0;

-- The reset whose password a mail carries: it needs attention when the mail does not arrive.
ALTER TABLE outbox ADD COLUMN reset_id UUID;
