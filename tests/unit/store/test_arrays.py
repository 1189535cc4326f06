"""A statement about many rows says the same, however a database is told of them."""

from agentgov.store.arrays import in_turn

TABLE = "FROM (VALUES (?, ?, ?)) AS now WHERE"


def test_values_of_a_row_stand_where_they_are_used() -> None:
    sql = f"UPDATE things SET a = now.column2, b = now.column3, c = c + now.column3 {TABLE} id = now.column1 AND a < 9"
    changed, rows = in_turn(sql, [("x", 1, None), ("y", 2, b"z")])
    assert changed == "UPDATE things SET a = ?, b = ?, c = c + ? WHERE id = ? AND a < 9"
    assert list(rows) == [(1, None, None, "x"), (2, b"z", b"z", "y")]


def test_other_statements_are_left_as_they_are() -> None:
    rows = [("x", 1), ("y", 2)]
    for sql in (
        "INSERT INTO things (id, a) VALUES (?, ?)",
        "UPDATE things SET a = now.column2 FROM (VALUES (?, ?)) AS now",
        "UPDATE things SET a = now.column2 FROM (VALUES (?, ?)) AS now, others WHERE id = now.column1",
    ):
        assert in_turn(sql, rows) == (sql, rows)
