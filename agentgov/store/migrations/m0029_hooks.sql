-- What people are to be told of permits and budgets waits with everything else that is to be delivered; on a route of a
-- gate's command line with `due` 0 until a gate that has the route sees it.
CREATE INDEX deliveries_held ON deliveries (route, created) WHERE due = 0 AND ended = 0;

INSERT INTO deliveries (id, route, line, kind, body, created, due, tries, state, said, ended)
  SELECT id, 'hook:permits', id, 'pending', '', asked, 0, 0, 'queued', '', 0
  FROM permits WHERE state = 'pending' AND id IN (SELECT permit FROM permit_notices);
DROP TABLE permit_notices;

INSERT INTO deliveries (id, route, line, kind, body, created, due, tries, state, said, ended)
  SELECT 'budget ' || bucket || ' ' || mark, 'hook:budgets', bucket, 'mark', mark, at, 0, 0, 'queued', '', 0
  FROM budget_marks WHERE due > 0 ORDER BY at;
DROP INDEX budget_marks_due;
CREATE INDEX budget_marks_at ON budget_marks (at);
ALTER TABLE budget_marks DROP COLUMN tries;
ALTER TABLE budget_marks DROP COLUMN due;
