"""What the discussion's views share: their blueprint, and how their pages are addressed and kept."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import Blueprint, Response, make_response

P = ParamSpec("P")

blueprint = Blueprint("discussion", __name__)

NUMBER = "<int:number>"
"""A comment's number in an address: what no row can have is no page."""


def private_page(view: Callable[P, Any]) -> Callable[P, Response]:
    """Mark a page whose address is a secret: it is not stored, and no link on it tells where one came from."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Response:
        response = make_response(view(*args, **kwargs))
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return wrapper
