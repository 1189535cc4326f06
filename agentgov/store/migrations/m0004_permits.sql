-- A row for each call of a tool that was allowed, or that people are asked about. `permit_key` is the caller's own, so
-- that a request that is sent again is answered as before.
CREATE TABLE permits (
    id TEXT PRIMARY KEY,
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    permit_key TEXT NOT NULL,
    state TEXT NOT NULL, -- pending, approved, consumed, denied, expired
    tool TEXT NOT NULL,
    release_name TEXT NOT NULL,
    closure TEXT NOT NULL,
    binding TEXT NOT NULL, -- SHA-256 of exactly this call
    policy TEXT NOT NULL, -- SHA-256 of the ActionPolicy
    subject TEXT NOT NULL,
    needs TEXT NOT NULL, -- JSON: who has to agree; empty where nobody was asked
    shown TEXT NOT NULL, -- JSON: what people see while it is open
    demands TEXT NOT NULL, -- JSON: what it took of meters
    asked INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    decided INTEGER NOT NULL, -- 0 while it is open
    consumed INTEGER NOT NULL, -- 0 while it is not
    outcome TEXT NOT NULL, -- done, failed, not-done; empty while nobody told
    record INTEGER NOT NULL, -- the ledger's of the request
    votes INTEGER NOT NULL,
    UNIQUE (agent, environment, permit_key)
);

CREATE INDEX permits_open ON permits (expires) WHERE state IN ('pending', 'approved');

CREATE INDEX permits_asked ON permits (asked) WHERE needs <> '';

-- Who decided, and when they saw what they decided; `at` is 0 while they did not.
CREATE TABLE permit_votes (
    permit TEXT NOT NULL,
    person TEXT NOT NULL,
    decision TEXT NOT NULL, -- approve, deny; empty while they only looked
    reason TEXT NOT NULL,
    seen INTEGER NOT NULL, -- 0 where they decided without looking
    at INTEGER NOT NULL,
    PRIMARY KEY (permit, person)
);

CREATE INDEX permit_votes_by_time ON permit_votes (at) WHERE at > 0;

-- What people are still to be told of.
CREATE TABLE permit_notices (
    permit TEXT PRIMARY KEY,
    tries INTEGER NOT NULL,
    due INTEGER NOT NULL
);

-- How much of an effect there was, in slices of time.
CREATE TABLE meters (
    meter TEXT PRIMARY KEY,
    changed INTEGER NOT NULL
);

CREATE TABLE meter_slices (
    meter TEXT NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (meter, starts, ends)
);
