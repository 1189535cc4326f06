-- The ledger: leaves in the order in which they were committed, without gaps, and what they commit to beside them.
CREATE TABLE trees (
  tree TEXT PRIMARY KEY,
  size INTEGER NOT NULL
);
CREATE TABLE records (
  tree TEXT NOT NULL,
  seq INTEGER NOT NULL,
  time INTEGER NOT NULL,
  type TEXT NOT NULL,
  agent TEXT NOT NULL,
  actor TEXT NOT NULL,
  leaf BLOB NOT NULL,
  PRIMARY KEY (tree, seq)
);
CREATE INDEX records_agent ON records (tree, agent, seq);
CREATE TABLE payloads (
  tree TEXT NOT NULL,
  seq INTEGER NOT NULL,
  salt BLOB NOT NULL,
  payload BLOB NOT NULL,
  PRIMARY KEY (tree, seq)
);
