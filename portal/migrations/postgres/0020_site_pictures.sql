-- Pictures of front doors, as they were encoded here.
CREATE TABLE site_pictures (
    site_id UUID NOT NULL REFERENCES sites (id),
    -- logo or icon
    kind TEXT NOT NULL,
    -- The beginning of the SHA-256 of its content, in hex: its address.
    digest TEXT NOT NULL,
    png BYTEA NOT NULL,
    PRIMARY KEY (site_id, kind)
);
CREATE INDEX site_pictures_digest ON site_pictures (digest);
