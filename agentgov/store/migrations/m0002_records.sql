-- The ledger: leaves in the order in which they were committed, without gaps, and what they commit to beside them. The
-- newest leaf is never removed: the next one stands after it.
CREATE TABLE records (
  seq INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  type TEXT NOT NULL,
  agent TEXT NOT NULL,
  actor TEXT NOT NULL,
  leaf BLOB NOT NULL
);
CREATE INDEX records_agent ON records (agent, seq);
CREATE TABLE payloads (
  seq INTEGER PRIMARY KEY,
  salt BLOB NOT NULL,
  payload BLOB NOT NULL
);
