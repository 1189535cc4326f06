-- What a store says of itself: where it lies, whether it is a copy, what was made of that.
CREATE TABLE marks (
    name TEXT PRIMARY KEY,
    said TEXT NOT NULL
);
