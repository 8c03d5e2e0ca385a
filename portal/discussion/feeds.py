"""The discussion as Atom feeds (RFC 4287)."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from flask import url_for
from flask_babel import gettext as _

from portal.config import current_settings
from portal.discussion.reading import Library, PublicComment, Topic
from portal.language import current_language

ATOM = "http://www.w3.org/2005/Atom"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may have, escaped or not."""


def atom(library: Library, topic: Topic | None, comments: Sequence[PublicComment]) -> bytes:
    """The feed of these comments, the newest first, in the language of the request.

    Ids are the addresses of the German pages: they stay the same in both languages and in every feed.
    """
    title = _("Diskussion zur Dortmund-Essener Erklärung")
    if topic is not None:
        title = _("Diskussion zu %(thesis)s der Dortmund-Essener Erklärung", thesis=thesis_name(topic))
    feed = ET.Element("feed", {"xmlns": ATOM, _XML_LANG: current_language()})
    address = {"key": topic.key if topic else None, "sprache": "en" if current_language() == "en" else None}
    _add(feed, "id", _absolute("discussion.feed", **address))
    _add(feed, "title", title)
    _add(feed, "updated", _time(_updated(library, comments)))
    _add(feed, "link", rel="self", type="application/atom+xml", href=_absolute("discussion.feed", **address))
    page = _absolute("discussion.thread", these=topic.value if topic else None)
    _add(feed, "link", rel="alternate", type="text/html", href=page)
    _add(_add(feed, "author"), "name", _("Dortmund-Essener Erklärung"))
    for comment in comments:
        feed.append(_entry(comment))
    content: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return content


def thesis_name(topic: Topic) -> str:
    """The topic's name, with its number as long as the declaration has it."""
    if topic.thesis is None:
        return str(_("Erklärung als Ganzes"))
    if topic.current:
        return str(_("These %(number)s", number=topic.thesis.position))
    return str(_("früherer These %(number)s", number=topic.thesis.position))


def _entry(comment: PublicComment) -> ET.Element:
    entry = ET.Element("entry")
    _add(entry, "id", _absolute("discussion.comment", language="de", number=comment.id))
    thesis = comment.place.thesis
    title = _("%(name)s zur Erklärung als Ganzem", name=comment.name)
    if thesis is not None:
        title = _("%(name)s zu These %(number)s", name=comment.name, number=thesis.position)
    _add(entry, "title", title)
    _add(entry, "link", rel="alternate", type="text/html", href=_absolute("discussion.comment", number=comment.id))
    published = comment.published_at or comment.written_at
    _add(entry, "published", _time(published))
    _add(entry, "updated", _time(comment.changed_at or published))
    _add(_add(entry, "author"), "name", comment.name)
    content = _add(entry, "content", str(comment.html), type="html")
    content.set(_XML_LANG, comment.language)
    return entry


def _updated(library: Library, comments: Sequence[PublicComment]) -> datetime:
    """When the feed last changed: with its newest text, or with the declaration while there is none."""
    moments = [one.changed_at or one.published_at or one.written_at for one in comments]
    return max(moments, default=library.current.published_at)


def _add(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, tag, attributes)
    child.text = _NOT_XML.sub("", text) or None
    return child


def _absolute(endpoint: str, **values: Any) -> str:
    return current_settings().base_url + url_for(endpoint, **values)


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
