-- Orders to erase that wait for more administrators; the name of the subject goes once it is done, or too late.
CREATE TABLE erasures (
    id TEXT PRIMARY KEY, -- SHA-256 of the text
    text TEXT NOT NULL, -- what each of them signs
    subject TEXT NOT NULL,
    asked INTEGER NOT NULL, -- epoch milliseconds
    done INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE erasure_signatures (
    erasure TEXT NOT NULL REFERENCES erasures (id),
    person TEXT NOT NULL,
    signature TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (erasure, person)
);
