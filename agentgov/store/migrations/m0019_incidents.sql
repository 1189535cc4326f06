-- Up to which act of the journal people were told of the messages of incidents: one row.
CREATE TABLE incident_messages (
    id INTEGER PRIMARY KEY, -- 1
    seq INTEGER NOT NULL
);
