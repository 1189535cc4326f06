-- What the ledger is called in checkpoints: a new name where somebody accepted that records were lost.
CREATE TABLE logs (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  began INTEGER NOT NULL
);

-- Hashes of the trees, 256 to a row (c2sp.org/tlog-tiles); the last row of a level grows.
CREATE TABLE tiles (
  tree TEXT NOT NULL,
  level INTEGER NOT NULL,
  place INTEGER NOT NULL,
  hashes BLOB NOT NULL,
  PRIMARY KEY (tree, level, place)
);

-- The newest checkpoint of each tree.
CREATE TABLE checkpoints (
  tree TEXT PRIMARY KEY,
  log TEXT NOT NULL,
  size INTEGER NOT NULL,
  frontier BLOB NOT NULL, -- of the tree at that size
  note BLOB NOT NULL, -- signed
  time INTEGER NOT NULL
);
