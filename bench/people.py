"""Signatures by the million, written by the database itself."""

from sqlalchemy import Connection, Engine, text

COLUMNS = {
    "revision_id": "(SELECT max(id) FROM revisions)",
    "status": "'confirmed'",
    "address_key": "'bench' || i",
    "slot": "1",
    "email": "'bench' || i || '@example.org'",
    "language": "'de'",
    "name": "'Mensch Nummer ' || i",
    "name_key": "'menschnummer' || i",
    "occupation": "'Sozialarbeit'",
    "field": "CASE i % 5 WHEN 0 THEN 'science' ELSE 'other' END",
    "organisation": "'Jugendamt ' || (i % 400)",
    "place": "'Dortmund'",
    "state": "'NW'",
    "show_name": "true",
    "show_occupation": "true",
    "show_organisation": "(i % 2 = 0)",
    "show_place": "true",
    "search_text": "'mensch nummer ' || i || ' sozialarbeit dortmund'",
    "newsletter": "false",
    "requested_at": ":moment",
    "confirmed_at": ":moment",
}
SERIES = {
    "postgresql": "SELECT i FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS series(i)",
    "sqlite": "WITH RECURSIVE series(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM series WHERE i < :last)"
    " SELECT i FROM series",
}
MOMENT = {"postgresql": "CAST(:moment AS timestamptz)", "sqlite": ":moment"}


def add_signatures(engine: Engine, first: int, last: int) -> None:
    """Add the confirmed, listed signatures of people number `first` to `last`, and make the tally true."""
    dialect = engine.dialect.name
    values = ", ".join(value.replace(":moment", MOMENT[dialect]) for value in COLUMNS.values())
    with engine.begin() as connection:
        connection.execute(
            text(f"INSERT INTO signatures ({', '.join(COLUMNS)}) SELECT {values} FROM ({SERIES[dialect]}) AS numbers"),
            {"first": first, "last": last, "moment": "2026-11-01 12:00:00"},
        )
        _make_true(connection)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _make_true(connection: Connection) -> None:
    counted = "(SELECT count(*) FROM signatures WHERE status = 'confirmed')"
    connection.execute(text(f"UPDATE signature_tally SET valid = {counted}, listed = {counted}"))
    connection.execute(text("UPDATE public_version SET number = number + 1"))
