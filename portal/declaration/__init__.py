"""The declaration: its revisions, their theses, and what changed between them."""
