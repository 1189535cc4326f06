-- What was allowed at once, by its age: it is forgotten long before what people decided.
CREATE INDEX permits_unasked ON permits (asked) WHERE needs = '';
