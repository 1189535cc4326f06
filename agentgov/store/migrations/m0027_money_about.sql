-- Whom money is about and what it is for, until it is settled or given back: then the name of the subject goes.
ALTER TABLE reservations ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE reservations ADD COLUMN purpose TEXT NOT NULL DEFAULT '';
CREATE INDEX reservations_subject ON reservations (subject) WHERE subject <> '';

-- What was booked for a purpose, or about a subject, by the day of UTC on which it was set aside. Nothing is enforced by it.
CREATE TABLE spent_about (
    kind TEXT NOT NULL, -- purpose, subject
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    day TEXT NOT NULL,
    about TEXT NOT NULL, -- of a subject what its records are found by, never its name
    currency TEXT NOT NULL,
    spent INTEGER NOT NULL, -- nano-units
    ended INTEGER NOT NULL, -- reservations
    PRIMARY KEY (kind, agent, environment, day, about, currency)
);
CREATE INDEX spent_about_subject ON spent_about (about) WHERE kind = 'subject';
CREATE INDEX spent_about_day ON spent_about (day);
