"""The routes of the application, with values for what stands in their addresses."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flask import Flask
from werkzeug.routing import Rule

VALUES: Mapping[str, object] = {
    "number": 1,
    "key": "1",
    "token": "x",
    "filename": "none.css",
    "format": "json",
    "name": "none",
    "survey": "test",
}


class Route(NamedTuple):
    """An endpoint in one language, and an address that leads to it."""

    endpoint: str
    address: str


def routes(app: Flask, method: str, values: Mapping[str, object] = VALUES) -> Iterator[Route]:
    """Every route that answers `method`; values that an address needs come from `values`, by name."""
    adapter = app.url_map.bind("portal.test")
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()):
            yield Route(rule.endpoint, adapter.build(rule.endpoint, _arguments(rule, values), method=method))


def _arguments(rule: Rule, values: Mapping[str, object]) -> dict[str, object]:
    defaults = dict(rule.defaults or {})
    unknown = rule.arguments - set(values) - set(defaults)
    assert not unknown, f"{rule.rule} has a part that tests.contracts.routes.VALUES has no value for: {unknown}"
    return {name: values[name] for name in rule.arguments - set(defaults)} | defaults
