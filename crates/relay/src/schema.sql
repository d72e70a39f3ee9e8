-- What a relay keeps. Bodies lie here as they came; nothing of them is read again but to be sent.

-- One row: which database this is, and how far back nonces are forgotten.
CREATE TABLE relay (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- Random, drawn once. Numbers of another database mean nothing here.
    epoch TEXT NOT NULL CHECK (length(epoch) BETWEEN 8 AND 32),
    -- A request made before this may have been seen and forgotten: it is refused.
    nonce_horizon_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE till (
    name TEXT PRIMARY KEY,
    last_seq INTEGER NOT NULL DEFAULT 0,
    -- Up to here the till has taken its notices.
    acked_seq INTEGER NOT NULL DEFAULT 0 CHECK (acked_seq BETWEEN 0 AND last_seq),
    -- Up to here notices were dropped that the till had not taken.
    dropped_seq INTEGER NOT NULL DEFAULT 0 CHECK (dropped_seq BETWEEN 0 AND last_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE notice (
    id INTEGER PRIMARY KEY,
    till TEXT NOT NULL REFERENCES till (name),
    seq INTEGER NOT NULL CHECK (0 < seq),
    -- The same over a notice's repetitions.
    key BLOB NOT NULL CHECK (length(key) = 32),
    channel TEXT NOT NULL,
    merchant TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    -- A JSON list of names and values: what the signature needs beside the body.
    headers TEXT NOT NULL,
    body BLOB NOT NULL CHECK (length(body) <= 65536)
) STRICT;
CREATE UNIQUE INDEX notice_place ON notice (till, seq);
CREATE UNIQUE INDEX notice_key ON notice (till, key);

CREATE TABLE nonce (
    till TEXT NOT NULL,
    nonce BLOB NOT NULL CHECK (length(nonce) = 16),
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (till, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX nonce_age ON nonce (at_ms);
