-- The ledger in trees: one for each workspace and one for the fleet, each without gaps in the order of commits. What
-- was recorded in a single order before stays what it was, as the tree "_first", and nothing is added to it.
DROP INDEX records_agent;
ALTER TABLE records RENAME TO first_records;
CREATE TABLE records (
  tree TEXT NOT NULL,
  seq INTEGER NOT NULL,
  time INTEGER NOT NULL,
  type TEXT NOT NULL,
  agent TEXT NOT NULL,
  actor TEXT NOT NULL,
  tool TEXT NOT NULL, -- empty for none
  subject TEXT NOT NULL, -- SHA-256 of whom or what it is about; empty for none
  leaf BLOB NOT NULL,
  PRIMARY KEY (tree, seq)
);
INSERT INTO records (tree, seq, time, type, agent, actor, tool, subject, leaf)
  SELECT '_first', seq, time, type, agent, actor, '', '', leaf FROM first_records ORDER BY seq;
DROP TABLE first_records;
CREATE INDEX records_time ON records (time);
CREATE INDEX records_agent ON records (agent, time) WHERE agent <> '';
CREATE INDEX records_actor ON records (actor, time);
CREATE INDEX records_type ON records (type, time);
CREATE INDEX records_tool ON records (tool, time) WHERE tool <> '';
CREATE INDEX records_subject ON records (subject, time) WHERE subject <> '';

ALTER TABLE payloads RENAME TO first_payloads;
CREATE TABLE payloads (
  tree TEXT NOT NULL,
  seq INTEGER NOT NULL,
  salt BLOB NOT NULL,
  payload BLOB NOT NULL,
  PRIMARY KEY (tree, seq)
);
INSERT INTO payloads (tree, seq, salt, payload) SELECT '_first', seq, salt, payload FROM first_payloads ORDER BY seq;
DROP TABLE first_payloads;
