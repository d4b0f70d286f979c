-- What the letters of a front door say where somebody chose their words.
CREATE TABLE letter_words (
    site_id BLOB NOT NULL REFERENCES sites (id),
    -- The word of the letter's kind.
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (site_id, kind, language)
);
