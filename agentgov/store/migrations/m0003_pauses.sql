-- Orders that the gate took, obeyed from here until the journal speaks for them.
CREATE TABLE pauses (
  id TEXT PRIMARY KEY,                -- of its act
  selector TEXT NOT NULL,
  mode TEXT NOT NULL,
  reason TEXT NOT NULL,
  by_whom TEXT NOT NULL,              -- a person of Access
  until INTEGER NOT NULL,             -- epoch seconds; 0 for none
  since INTEGER NOT NULL,             -- epoch milliseconds
  landed INTEGER NOT NULL DEFAULT 0   -- the number of its act in the journal
);

-- Acts on their way into the journal, in the order that they were taken.
CREATE TABLE outbox (
  number SERIAL PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,            -- of the act
  kind TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  draft TEXT NOT NULL,                -- text and signatures as JSON; '' where the gate writes the act itself
  created INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  due INTEGER NOT NULL,               -- epoch milliseconds before which it is not tried
  state TEXT NOT NULL DEFAULT 'queued',
  landed INTEGER NOT NULL DEFAULT 0,
  said TEXT NOT NULL DEFAULT ''       -- why it did not land
);
CREATE INDEX outbox_queued ON outbox (state, number);
