"""How a page of the portal becomes a page of the archive: relative links, no forms, and a note that says what it is."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from posixpath import dirname, relpath
from urllib.parse import quote
from xml.etree import ElementTree as ET

from flask import Flask, g, render_template
from selectolax.lexbor import LexborHTMLParser, LexborNode

from portal.archive import references
from portal.archive.crawl import CSS, Crawl, Harvest, Kept, stays
from portal.archive.naming import HTML

STYLE = "/static/css/archive.css"
NOWHERE = {"de": "/nicht-im-archiv", "en": "/en/not-in-the-archive"}
"""The page that says, in each language, that what was linked is not in the archive."""
XML = {"application/atom+xml", "application/rss+xml", "application/xml", "text/xml"}

# Pages on a disk have no headers. `file:` because not every browser takes 'self' for what lies beside the page.
_POLICY = (
    "default-src 'none'; style-src 'self' file:; img-src 'self' file: data:; font-src 'self' file:;"
    " media-src 'self' file:; form-action 'none'; base-uri 'none'"
)
_ONLY_ONLINE = ("preload", "modulepreload", "prefetch", "preconnect", "dns-prefetch", "manifest", "search")
"""What a page of files cannot use, or a browser refuses to load from a disk."""


class Words:
    """What the archive says of itself on its pages, in the language of the page."""

    def __init__(self, app: Flask, base: str, at: datetime, *, names: bool) -> None:
        self._app = app
        self._base = base
        self._values = {"at": at, "names": names}

    def nowhere(self, language: str) -> str:
        """The page that stands for all that is left out."""
        return self._rendered("nowhere.html", language, NOWHERE[language], portal=self._base)

    def about(self, language: str, address: str) -> LexborNode:
        """That this is a copy, of when and of what."""
        return self._node("about.html", language, address)

    def form(self, language: str, address: str, kind: str) -> LexborNode:
        """What stands in the place of a form; `kind` is `post` or `get`."""
        return self._node("form.html", language, address, kind=kind)

    def _node(self, template: str, language: str, address: str, **values: str) -> LexborNode:
        html = self._rendered(template, language, address, source=self._base + address, **values)
        node = LexborHTMLParser(html).css_first("body > *")
        assert node is not None  # noqa: S101 - each template is one element
        return node

    def _rendered(self, template: str, language: str, address: str, **values: str) -> str:
        with self._app.test_request_context(address, base_url=self._base):
            g.language = language
            return render_template(f"archive/{template}", **self._values, **values)


class Editor:
    """Rewrites the files of a harvest where they lie."""

    def __init__(self, crawl: Crawl, folder: Path, words: Words, base: str, home: str, *, living: bool) -> None:
        """`base` is the portal's own address, `home` that of the archive. `living` says that what is left out is linked
        where the portal has it."""
        self._crawl = crawl
        self._harvest: Harvest = crawl.harvest
        self._folder = folder
        self._words = words
        self._base = base
        self._home = home
        self._living = living

    def edit(self, kept: Kept) -> None:
        """Write one file anew, if it is of a kind that refers to others."""
        change: Callable[[Kept, str], str] | None = None
        if kept.media_type == HTML:
            change = self._page
        elif kept.media_type == CSS:
            change = self._stylesheet
        elif kept.media_type in XML and self._home != self._base:
            change = self._feed
        if change is not None:
            file = self._folder / kept.path
            file.write_text(change(kept, file.read_text("utf-8")), "utf-8", newline="\n")

    def _page(self, kept: Kept, text: str) -> str:
        page = LexborHTMLParser(text)
        root = page.css_first("html")
        language = "en" if root is not None and root.attributes.get("lang") == "en" else "de"
        for useless in page.css("script:not([type='application/ld+json'])"):
            useless.decompose()
        for link in page.css("link[rel]"):
            if set((link.attributes["rel"] or "").split()) & set(_ONLY_ONLINE):
                link.decompose()
        for fallback in page.css("noscript"):
            fallback.unwrap()
        self._replace_forms(page, language, kept)
        self._furnish(page, language, kept)
        for reference in references.in_page(page):
            if not stays(reference):
                reference.write(lambda url: self._link(kept, url, language))
        return str(page.html)

    def _replace_forms(self, page: LexborHTMLParser, language: str, kept: Kept) -> None:
        """The first form of each kind becomes a note; all others go, and those around the page, such as the search."""
        for around in page.css("body > :not(main) form"):
            around.decompose()
        said: set[str] = set()
        for form in page.css("form"):
            kind = (form.attributes.get("method") or "get").lower()
            if kind in said:
                form.decompose()
            else:
                form.replace_with(self._words.form(language, kept.address, kind))
                said.add(kind)

    def _furnish(self, page: LexborHTMLParser, language: str, kept: Kept) -> None:
        """Add what only pages of an archive have: the policy, the style, and the note at the top."""
        charset = page.css_first("head meta[charset]")
        body = page.body
        if charset is None or body is None:
            return
        style = page.create_node("link")
        style.attrs["rel"] = "stylesheet"
        style.attrs["href"] = STYLE
        charset.parent.insert_child(style)  # type: ignore[union-attr] # the head
        policy = page.create_node("meta")
        policy.attrs["http-equiv"] = "Content-Security-Policy"
        policy.attrs["content"] = _POLICY
        charset.insert_after(policy)
        original = "/" if kept.address in NOWHERE.values() else kept.address
        about, skip = self._words.about(language, original), page.css_first("body > .skip-link")
        if skip is not None:
            skip.insert_after(about)
        elif body.child is not None:
            body.child.insert_before(about)

    def _stylesheet(self, kept: Kept, text: str) -> str:
        # No page of files can preload a font, so that it would come too late to be optional.
        text = text.replace("font-display: optional", "font-display: swap")
        return references.with_changed_references(text, lambda url: self._link(kept, url, "de"))

    def _link(self, kept: Kept, url: str, language: str) -> str:
        target = None if url.startswith(("#", "data:")) else self._crawl.internal(kept.address, url)
        if target is None:
            return url
        address, fragment = target
        path = self._harvest.path(address)
        if path is None and self._living:
            return f"{self._base}{address}{'#' * bool(fragment)}{fragment}"
        if path is None:
            path, fragment = self._harvest.kept[NOWHERE[language]].path, ""
        if address in self._harvest.left_out:
            fragment = ""  # the page in its stead need not have this place
        if path == kept.path and fragment:
            return f"#{fragment}"
        return quote(relpath(path, dirname(kept.path) or "."), safe="/=~") + "#" * bool(fragment) + fragment

    def _feed(self, kept: Kept, text: str) -> str:
        """A feed or a sitemap with the archive's addresses; what identifies an entry stays."""
        for prefix, name in (("", "http://www.w3.org/2005/Atom"), ("xhtml", "http://www.w3.org/1999/xhtml")):
            ET.register_namespace(prefix, name)
        root = ET.fromstring(text)  # noqa: S314 - our own
        if root.tag.endswith("}urlset"):
            ET.register_namespace("", root.tag[1:].partition("}")[0])
        for element in root.iter():
            if "href" in element.attrib:
                element.set("href", self._absolute(kept, element.attrib["href"]))
            if element.tag.endswith("}loc") and element.text:
                element.text = self._absolute(kept, element.text.strip())
        return ET.tostring(root, encoding="unicode", xml_declaration=True)

    def _absolute(self, kept: Kept, url: str) -> str:
        target = self._crawl.internal(kept.address, url)
        path = target and self._harvest.path(target[0])
        if target is None or path is None:
            return url
        return f"{self._home}/{quote(path, safe='/=~')}{'#' * bool(target[1])}{target[1]}"
