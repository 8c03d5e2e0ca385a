"""German first, English too: every public page has an address of its own in each language."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Flask, g, request, url_for
from flask_babel import Babel, format_date, format_datetime, format_decimal

LANGUAGES = ("de", "en")
LOCALES = {"de": "de", "en": "en_GB"}
"""How dates and numbers are written in each language."""

F = TypeVar("F", bound=Callable[..., Any])


def current_language() -> str:
    """The language of the page (or mail) being written: `de` or `en`."""
    language: str = g.get("language", "de")
    return language


def localized(blueprint: Blueprint, german: str, english: str, **options: Any) -> Callable[[F], F]:
    """Route a view under its German address and, below `/en`, its English one.

    >>> @localized(blueprint, "/unterzeichnen", "/sign", methods=["GET", "POST"])
    ... def sign(): ...
    """

    def decorate(view: F) -> F:
        blueprint.add_url_rule(german, view_func=view, defaults={"language": "de"}, **options)
        blueprint.add_url_rule(f"/en{english}", view_func=view, defaults={"language": "en"}, **options)
        return view

    return decorate


def in_language(language: str) -> str | None:
    """The address of the present page in another language, or None where the page has only one."""
    if request.url_rule is None or "language" not in (request.url_rule.defaults or {}):
        return None
    path = url_for(request.url_rule.endpoint, **{**(request.view_args or {}), "language": language})
    # Appended, not passed on: to url_for, names such as `_scheme` would be orders.
    query = urlencode(list(request.args.items(multi=True)))
    return f"{path}?{query}" if query else path


def init_app(app: Flask) -> None:
    """Take the language from the URL, for views, for `url_for` and for translated text."""
    # Two rules with one endpoint, told apart by their default, are meant: Werkzeug shall not redirect between them.
    app.url_map.redirect_defaults = False

    @app.url_value_preprocessor
    def pull_language(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        language = (values or {}).pop("language", None)
        # An error page has no route; its address still says which language the visitor reads.
        g.language = language or ("en" if request.path == "/en" or request.path.startswith("/en/") else "de")

    @app.url_defaults
    def push_language(endpoint: str, values: dict[str, Any]) -> None:
        if "language" not in values and app.url_map.is_endpoint_expecting(endpoint, "language"):
            values["language"] = current_language()

    Babel(
        app,
        locale_selector=lambda: LOCALES[current_language()],
        default_translation_directories=f"{app.root_path}/translations",
    )
    app.jinja_env.globals.update(current_language=current_language, in_language=in_language)
    app.jinja_env.filters.update(
        number=format_decimal,
        dateformat=format_date,
        datetimeformat=format_datetime,
        moment=datetime.fromisoformat,
    )
