"""The search over everything that is public, on SQLite and on PostgreSQL."""
