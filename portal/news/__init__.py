"""News: short entries from the office, with their day, in both languages."""
