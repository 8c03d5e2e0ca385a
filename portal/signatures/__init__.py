"""Signing the declaration, the public list of those who did, and taking a signature back."""
