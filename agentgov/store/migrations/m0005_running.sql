-- What agents say that they run: the last word of each instance. Times are epoch milliseconds.
CREATE TABLE running (
  agent TEXT NOT NULL,
  environment TEXT NOT NULL,
  instance TEXT NOT NULL,
  closure TEXT NOT NULL,
  release TEXT NOT NULL,
  said INTEGER NOT NULL,
  PRIMARY KEY (agent, environment, instance)
);

-- Pauses that instances have heard of.
CREATE TABLE acknowledged (
  pause TEXT NOT NULL,
  agent TEXT NOT NULL,
  environment TEXT NOT NULL,
  instance TEXT NOT NULL,
  said INTEGER NOT NULL,
  PRIMARY KEY (pause, agent, environment, instance)
);

-- What agents were given, and how they asked: 'enforced' by leases, 'polled' by flags.
CREATE TABLE given (
  agent TEXT NOT NULL,
  environment TEXT NOT NULL,
  level TEXT NOT NULL,
  closure TEXT NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (agent, environment, level, closure)
);
