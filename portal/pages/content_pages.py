"""The pages that stand in files: an address for each in each language, its text, and the way to it from above."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any

from flask import Flask, current_app, render_template
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.content import ContentError
from portal.language import LANGUAGES, current_language
from portal.pages.source import ContentPage, every
from portal.web.caching import public_page
from portal.web.sitemap import Place

TEMPLATES = {"contact": "pages/contact.html"}
"""Pages on which more stands than their text, by their name."""


def current_pages() -> tuple[ContentPage, ...]:
    """The pages of the first level of the running application."""
    pages: tuple[ContentPage, ...] = current_app.extensions["content_pages"]
    return pages


def endpoint(page: ContentPage) -> str:
    """What the page is called for `url_for`: `pages.about`."""
    return f"pages.{page.name}"


def places(_session: Session, _now: datetime) -> Iterator[Place]:
    """All of them, for the sitemap."""
    return (Place(endpoint(page)) for page in every(current_pages()))


def init_app(app: Flask, pages: tuple[ContentPage, ...]) -> None:
    """Give each page its addresses. Raises ContentError if something else of the site has that name or address."""
    taken = {rule.rule: rule.endpoint for rule in app.url_map.iter_rules()}
    app.extensions["content_pages"] = pages
    for page, above in _with_those_above(pages):
        name = endpoint(page)
        if name in app.view_functions:
            raise ContentError(f"{page.path}: {name} ist schon eine Seite des Portals. Bitte den Ordner anders nennen.")
        view = public_page(_view(page, above))
        for language in LANGUAGES:
            address = page.texts[language].address
            if address in taken:
                raise ContentError(
                    f"{page.path / language}.md: address: Unter {address} steht schon {taken[address]}."
                    " Bitte eine andere wählen."
                )
            app.add_url_rule(address, name, view, defaults={"language": language})


def _with_those_above(
    pages: Collection[ContentPage], above: tuple[ContentPage, ...] = ()
) -> Iterator[tuple[ContentPage, tuple[ContentPage, ...]]]:
    for page in pages:
        yield page, above
        yield from _with_those_above(page.below, (*above, page))


def _view(page: ContentPage, above: tuple[ContentPage, ...]) -> Callable[[], Any]:
    def view() -> str:
        language = current_language()
        trail = [(_("Start"), "pages.home"), *((one.texts[language].title, endpoint(one)) for one in above)]
        return render_template(
            TEMPLATES.get(page.name, "pages/page.html"),
            text=page.texts[language],
            trail=[*trail, (page.texts[language].title, endpoint(page))],
            below=[(one.texts[language], endpoint(one)) for one in page.below],
        )

    return view
