"""Answers that take the same time, so that a clock does not tell what the page keeps to itself."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

STEP_SECONDS = 0.05
"""Twice as long as nine of ten sign-ups take on a machine that has several times more to do than it can."""


@contextmanager
def evenly() -> Iterator[None]:
    """Let whatever is done here take the next full step of time, whether an address is known or not."""
    began = time.monotonic()
    yield
    time.sleep(-(time.monotonic() - began) % STEP_SECONDS)
