"""The whole public site as files that open from any web server or disk."""
