"""The WSGI entry point, and what `flask --app wsgi` opens."""

from portal import create_app

app = create_app()
