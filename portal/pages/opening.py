"""The site does not open before it says who is answerable for it (§ 5 DDG, § 18(2) MStV)."""

from flask import Response, make_response, render_template, request

OPEN_AT_ONCE = frozenset({"static", "pages.imprint", "machines.healthz", "machines.readyz"})
OFFICE = "/redaktion"
"""What answers while the operator's details are incomplete: who is to complete them is told there what is missing."""


def still_closed() -> Response | None:
    """In front of every view while there are gaps: a page that says so (503), or None for what answers all the same."""
    if request.endpoint in OPEN_AT_ONCE or request.path.startswith(OFFICE):
        return None
    response = make_response(render_template("errors/setup.html"), 503)
    response.headers["Retry-After"] = "3600"
    return response
