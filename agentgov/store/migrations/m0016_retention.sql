-- What records are for; empty where nobody says.
ALTER TABLE records ADD COLUMN purpose TEXT NOT NULL DEFAULT '';
CREATE INDEX records_purpose ON records (purpose, time) WHERE purpose <> '';

-- Keys of this store; 'subject' is the one of the index of whom records are about.
CREATE TABLE store_keys (
    name TEXT PRIMARY KEY,
    key BLOB NOT NULL
);

-- Under which retention class the records of an agent have been kept, and since when; one row for each change.
CREATE TABLE kept_as (
    agent TEXT NOT NULL,
    slot TEXT NOT NULL, -- which of its releases said so: staging, production, canary
    since INTEGER NOT NULL, -- epoch milliseconds
    class TEXT NOT NULL, -- empty for none
    PRIMARY KEY (agent, slot, since)
);

-- Keys of payloads, each wrapped by the key of the keeper, who has it somewhere else. Without its row, what it encrypted
-- is gone, in every backup that is made from then on.
CREATE TABLE data_keys (
    id TEXT PRIMARY KEY,
    class TEXT NOT NULL,
    subject TEXT NOT NULL, -- as records are found by it; empty for none
    wrapped BLOB NOT NULL,
    created INTEGER NOT NULL,
    UNIQUE (class, subject)
);
