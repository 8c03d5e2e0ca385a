"""The moderated discussion of the declaration: comments, decisions on them, and what became of them."""
