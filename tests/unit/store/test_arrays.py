"""A statement about many rows says the same, however a database is told of them."""

from agentgov.store.arrays import in_rows, in_turn, inserts, listed

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


def test_rows_are_inserted_in_few_statements_of_few_lengths() -> None:
    sql = "INSERT INTO things (id, a) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET a = excluded.a"
    assert inserts(sql)
    assert list(in_rows(sql, [])) == []
    (three, first), (one, last) = in_rows(sql, [("x", 1), ("y", 2), ("z", 3)])
    assert three == sql.replace("VALUES (?, ?)", "VALUES (?, ?), (?, ?)")
    assert (one, [*first, *last]) == (sql, ["x", 1, "y", 2, "z", 3])
    lengths = {len(values) for count in range(1, 300) for _, values in in_rows(sql, [("x", 1)] * count)}
    assert lengths == {2, 4, 8, 16, 32, 64, 128}


def test_what_says_more_than_a_row_of_values_is_no_such_insert() -> None:
    for sql in (
        "INSERT INTO things (id) VALUES (?) ON CONFLICT (id) DO UPDATE SET a = ?",
        "INSERT INTO things (id, a) VALUES (?, 1)",
        "INSERT INTO things (id) SELECT id FROM (VALUES (?)) AS now",
        "UPDATE things SET a = now.column2 FROM (VALUES (?, ?)) AS now WHERE id = now.column1",
    ):
        assert not inserts(sql)


def test_what_is_looked_for_is_a_table_where_nothing_else_is_asked() -> None:
    alone, values = listed("SELECT a FROM things WHERE id IN (?)", ["x", "y"])
    assert alone == "SELECT a FROM (VALUES (?), (?)) AS given CROSS JOIN things WHERE id = given.column1"
    assert values == ["x", "y"]
    more, values = listed("SELECT a FROM things WHERE id IN (?) AND a > 1", ["x", "y", "z"])
    assert (more, values) == ("SELECT a FROM things WHERE id IN (?, ?, ?) AND a > 1", ["x", "y", "z"])
