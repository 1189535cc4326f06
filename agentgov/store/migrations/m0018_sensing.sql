-- Runs that are over, for eight days: what detectors of drifts and burn rates are fed with.
CREATE TABLE runs (
    number SERIAL PRIMARY KEY, -- in the order in which it became known that they were over
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    closure TEXT NOT NULL,
    ended INTEGER NOT NULL,
    duration INTEGER NOT NULL, -- milliseconds; 0 where nobody told
    cost INTEGER NOT NULL, -- nano-units
    failed INTEGER NOT NULL
);
CREATE INDEX runs_of ON runs (agent, environment, ended);
CREATE INDEX runs_ended ON runs (ended);

-- From the first to the last span of a session that goes on; 0 where none came.
ALTER TABLE sessions ADD COLUMN started INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0;

-- What the gate decides by the minute, for eight days: calls ('call'), the same call again ('repeat', by tool), the
-- places that calls lead to ('domain').
CREATE TABLE sensed_minutes (
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    minute INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    calls INTEGER NOT NULL,
    bad INTEGER NOT NULL, -- of them refused
    PRIMARY KEY (agent, environment, minute, kind, name)
);
CREATE INDEX sensed_minutes_minute ON sensed_minutes (minute);

-- What is known of each agent in each environment between two looks: its baseline, what adds up, what stands.
CREATE TABLE sensed_spots (
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    state TEXT NOT NULL, -- JSON
    PRIMARY KEY (agent, environment)
);

-- Which gate looks, and how far was looked. One row.
CREATE TABLE sensing (
    id INTEGER PRIMARY KEY,
    holder TEXT NOT NULL,
    until INTEGER NOT NULL, -- when another one may take over
    run INTEGER NOT NULL, -- the last of `runs`
    minute INTEGER NOT NULL -- before which all minutes were looked at
);
