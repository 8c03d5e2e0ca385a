"""Conferences: the programme, its calendar, and who has registered."""
