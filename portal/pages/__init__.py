"""The pages around the declaration: home, the legal ones, and what machines ask for."""
