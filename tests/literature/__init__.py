"""Tests of the literature."""
