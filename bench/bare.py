"""The limit beside which the portal is measured: a Flask application that does nothing but the least."""

import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask, Response

PAGE = Path(os.environ["BENCH_PAGE"]).read_bytes()
DATABASE_URL = os.environ["DATABASE_URL"]

app = Flask(__name__)
_own = threading.local()


@app.get("/")
def page() -> Response:
    """The bytes of the portal's page, from memory."""
    return Response(PAGE, mimetype="text/html")


@app.post("/")
def commit() -> Response:
    """One row, one commit, as safe against a power cut as the portal's own."""
    connection = _connection()
    if DATABASE_URL.startswith("sqlite"):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO bench_commits (content) VALUES ('x')")
        connection.execute("COMMIT")
    else:
        connection.execute("INSERT INTO bench_commits (content) VALUES ('x')")
        connection.commit()
    return Response(status=303, headers={"Location": "/"})


def _connection() -> Any:
    if not hasattr(_own, "connection"):
        _own.connection = _connect()
    return _own.connection


def _connect() -> Any:
    if not DATABASE_URL.startswith("sqlite"):
        return psycopg.connect(DATABASE_URL.replace("+psycopg", ""))
    connection = sqlite3.connect(DATABASE_URL.removeprefix("sqlite:///"), timeout=20, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection
