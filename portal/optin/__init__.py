"""The one double opt-in: ask, mail, look at the page, confirm by POST."""
