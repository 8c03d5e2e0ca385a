"""Mail: composed from templates, queued in the database, delivered by the worker."""
