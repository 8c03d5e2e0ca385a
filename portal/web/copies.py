"""Copies of the public site that are handed on: in them, nobody can withdraw what is shown of her.

A copy is asked for by a key of the WSGI environment that no visitor can send (`portal.archive` sets it).
"""

from flask import has_request_context, request
from flask_babel import gettext as _

NAMES_LEFT_OUT = "portal.names_left_out"


def names_left_out() -> bool:
    """Whether the page being written is for a copy without the names of those who signed or commented."""
    return has_request_context() and bool(request.environ.get(NAMES_LEFT_OUT))


def public_name(name: str) -> str:
    """The name that somebody has made public, or what stands in its place in a copy without names."""
    return str(_("Ohne Namen")) if names_left_out() else name
