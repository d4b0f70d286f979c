-- Organizations that shared a front door and have one of their own by now: the old one shows their
-- people to the new one.
CREATE TABLE site_moves (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    from_site_id UUID NOT NULL REFERENCES sites (id),
    moved_at BIGINT NOT NULL,
    PRIMARY KEY (from_site_id, organization_id)
);
CREATE INDEX site_moves_organization ON site_moves (organization_id);
-- Front doors by whose they are.
CREATE INDEX sites_organization ON sites (organization_id);
CREATE INDEX organization_sites_site ON organization_sites (site_id);
