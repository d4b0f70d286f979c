-- Where answers to an organization's mail go, instead of to whoever helps.
ALTER TABLE mail_settings ADD COLUMN reply_to TEXT;
