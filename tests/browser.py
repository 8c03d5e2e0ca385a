"""A visitor without JavaScript: opens pages, follows redirects, fills forms with what stands in them, submits."""

from typing import Any

from flask import has_app_context
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser, LexborNode
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

Fields = dict[str, Any]


class Client(FlaskClient):
    """Flask's client, which ends the transaction of the test's session before each request."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        assert not has_app_context(), "leave the app context first, or the request would share g and the session"
        session: Session | None = self.application.extensions.get("test_session")
        if session is not None and session.in_transaction():
            session.commit()
        return super().open(*args, **kwargs)


class Page:
    """One answer of the site, read as HTML."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status = response.status_code
        self.path = response.request.path
        self.tree = LexborHTMLParser(response.text)

    @property
    def title(self) -> str:
        """The text of <title>."""
        return self.text("title")

    def text(self, selector: str = "main") -> str:
        """The text of the first element that matches, with runs of white space as one space; empty if none does."""
        found = self.tree.css_first(selector)
        return " ".join(found.text().split()) if found else ""

    def texts(self, selector: str) -> list[str]:
        """The text of each element that matches."""
        return [" ".join(found.text().split()) for found in self.tree.css(selector)]

    def has(self, selector: str) -> bool:
        """Whether any element matches."""
        return self.tree.css_first(selector) is not None

    def attribute(self, selector: str, name: str) -> str | None:
        """The attribute of the first element that matches, which must be there."""
        found = self.tree.css_first(selector)
        assert found is not None, f"nothing on {self.path} matches {selector}"
        return found.attributes.get(name)

    def form(self, selector: str | None = None) -> LexborNode:
        """The form that matches, or the only one in <main> that is sent by POST."""
        forms = self.tree.css(selector or "main form[method=post]")
        assert len(forms) == 1, f"{len(forms)} forms on {self.path} match; name one by its selector"
        return forms[0]

    def fields(self, selector: str | None = None, button: str | None = None) -> Fields:
        """What a browser would send with the form: names to a string each, or to a list where a name comes twice.

        `button` is the text of the one that is pressed; without it, it is the first, as with the Enter key.
        """
        form = self.form(selector)
        pairs = [pair for field in form.css("input, select, textarea") for pair in _values(field)]
        pairs += _pressed(form, button)
        fields: Fields = {}
        for name, value in pairs:
            before = fields.get(name)
            fields[name] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
        return fields


def _values(field: LexborNode) -> list[tuple[str, str]]:
    attributes = field.attributes
    name, kind = attributes.get("name"), attributes.get("type") or "text"
    if not name or "disabled" in attributes or kind in {"submit", "button", "reset", "image", "file"}:
        return []
    if field.tag == "select":
        options = field.css("option")
        chosen = [option for option in options if "selected" in option.attributes] or options[:1]
        return [(name, _option(option)) for option in chosen]
    if field.tag == "textarea":
        return [(name, field.text().removeprefix("\n"))]
    if kind in {"checkbox", "radio"}:
        return [(name, attributes.get("value") or "on")] if "checked" in attributes else []
    return [(name, attributes.get("value") or "")]


def _option(option: LexborNode) -> str:
    value = option.attributes.get("value", option.text(strip=True))
    return value or ""


def _pressed(form: LexborNode, text: str | None) -> list[tuple[str, str]]:
    buttons = form.css("button:not([type]), button[type=submit], input[type=submit]")
    if text is not None:
        buttons = [one for one in buttons if text in (one.text(strip=True), one.attributes.get("value"))]
        assert buttons, f"no button says {text!r}"
    name = buttons[0].attributes.get("name") if buttons else None
    return [(name, buttons[0].attributes.get("value") or "")] if name else []


def form_token(response: TestResponse) -> str:
    """The CSRF token of the first form on a page that has one."""
    field = LexborHTMLParser(response.text).css_first("input[name=csrf_token]")
    assert field is not None, f"{response.request.path} has no form with a token"
    return field.attributes.get("value") or ""


class Browser:
    """Opens pages and submits their forms, token and all; `page` is what it sees now."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self._page: Page | None = None

    @property
    def page(self) -> Page:
        assert self._page is not None, "no page has been opened yet"
        return self._page

    def open(self, address: str, **options: Any) -> Page:
        """GET an address, following redirects."""
        return self._see(self.client.get(address, follow_redirects=True, **options))

    def submit(self, form: str | None = None, button: str | None = None, **fields: Any) -> Page:
        """Fill in `fields` and submit the form, following redirects.

        True ticks a box and False unticks it, a string is typed or chosen, a list ticks several of one name.
        """
        chosen = self.page.form(form)
        values = self.page.fields(form, button)
        for name, value in fields.items():
            controls = chosen.css(f'[name="{name}"]')
            assert controls, f"the form on {self.page.path} has no field {name}"
            if value is False:
                values.pop(name, None)
            else:
                values[name] = (controls[0].attributes.get("value") or "on") if value is True else value
        action = chosen.attributes.get("action") or self.page.response.request.full_path.rstrip("?")
        return self._see(self.client.post(action, data=values, follow_redirects=True))

    def follow(self, text: str) -> Page:
        """Open the link that says `text`."""
        for link in self.page.tree.css("a[href]"):
            if " ".join(link.text().split()) == text:
                return self.open(str(link.attributes["href"]))
        raise AssertionError(f"no link on {self.page.path} says {text!r}")

    def _see(self, response: TestResponse) -> Page:
        self._page = Page(response)
        return self._page
