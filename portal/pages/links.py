"""Whether the links in the pages that stand in files lead to pages that there are."""

import re
from collections.abc import Iterator

from flask import Flask

from portal.pages.source import ContentPage, every
from portal.text.markdown import page_html

_LINK = re.compile(r'<a href="(/[^"#?]*)')


def broken(app: Flask, pages: tuple[ContentPage, ...]) -> Iterator[str]:
    """Links to pages of this site that there are not, each with its file and the remedy."""
    addresses = app.url_map.bind("")
    for page in every(pages):
        for text in page.texts.values():
            for address in _LINK.findall(page_html(text.body)):
                if not addresses.test(address, "GET"):
                    file = f"{page.path / text.language}.md"
                    yield f"{file}: Der Link {address} führt ins Leere. Bitte berichtigen oder entfernen."
