"""Whether the links in the pages that stand in files lead where they should."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, RequestRedirect

from portal.pages.source import ContentPage, PageText, every
from portal.text.gates import links_of
from portal.text.markdown import page_html


def broken(app: Flask, pages: tuple[ContentPage, ...]) -> Iterator[str]:
    """Links within this site that lead nowhere or to another language, each with its file and the remedy."""
    addresses = app.url_map.bind("")
    pages_from_files = {text.address for page in every(pages) for text in page.texts.values()}
    for page in every(pages):
        for text in page.texts.values():
            for address, words in links_of(page_html(text.body)):
                if amiss := _amiss(addresses, text, address, words, pages_from_files):
                    yield f"{page.path / text.language}.md: {amiss}"


def _amiss(addresses: MapAdapter, text: PageText, address: str, words: str, pages_from_files: set[str]) -> str | None:
    there = urlsplit(address)
    if not address:
        return (
            f"Der Link „{words}“ hat kein Ziel, das hier geht. Bitte mit https:// beginnen oder mit einem Schrägstrich."
        )
    if there.scheme or there.netloc:
        return None
    try:
        endpoint, values = addresses.match(there.path or text.address, "GET")
    except RequestRedirect:
        return None
    except HTTPException:
        return f"Der Link {address} führt ins Leere. Bitte berichtigen oder entfernen."
    if values.get("language", text.language) != text.language:
        better = addresses.build(endpoint, {**values, "language": text.language})
        return f"Der Link {address} führt in eine andere Sprache. Bitte durch {better} ersetzen."
    if there.fragment and (there.path or text.address) in pages_from_files:
        return (
            f"Der Link {address} führt an eine Stelle, die es nicht gibt: Überschriften dieser Seiten haben"
            f" keine eigene Adresse. Bitte #{there.fragment} weglassen."
        )
    return None
