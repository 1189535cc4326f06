-- Tokens of agents and people: of a secret only its SHA-256. Times are epoch milliseconds, 0 for never.
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('agent', 'person', 'login', 'oidc')),
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    person TEXT NOT NULL,
    label TEXT NOT NULL,
    proof TEXT NOT NULL,
    created INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires INTEGER NOT NULL,
    revoked INTEGER NOT NULL,
    used INTEGER NOT NULL
);
CREATE INDEX tokens_expires ON tokens (expires);

-- Which part of the control state changed how often: whoever keeps it in memory reads it again then.
CREATE TABLE control (
    topic TEXT PRIMARY KEY,
    version INTEGER NOT NULL
);
