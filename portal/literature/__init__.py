"""The literature: records, topics, the reading list, and what comes in and goes out of reference managers."""
