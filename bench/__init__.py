"""Benchmarks: what the portal does, each beside what would be possible on this machine in the same run."""
