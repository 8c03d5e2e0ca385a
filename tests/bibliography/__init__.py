"""Tests of references and their formats."""
