"""The discussion as Atom feeds (RFC 4287)."""

from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from flask_babel import gettext as _

from portal.discussion.reading import Library, PublicComment, Topic
from portal.language import current_language
from portal.web.atom import XML_LANG, absolute, add, empty_feed, timestamp, written


def atom(library: Library, topic: Topic | None, comments: Sequence[PublicComment]) -> bytes:
    """The feed of these comments, the newest first, in the language of the request.

    Ids are the addresses of the German pages: they stay the same in both languages and in every feed.
    """
    title = _("Diskussion zur Dortmund-Essener Erklärung")
    if topic is not None:
        title = _("Diskussion zu %(thesis)s der Dortmund-Essener Erklärung", thesis=thesis_name(topic))
    feed = empty_feed()
    address = {"key": topic.key if topic else None, "sprache": "en" if current_language() == "en" else None}
    add(feed, "id", absolute("discussion.feed", **address))
    add(feed, "title", title)
    add(feed, "updated", timestamp(_updated(library, comments)))
    add(feed, "link", rel="self", type="application/atom+xml", href=absolute("discussion.feed", **address))
    page = absolute("discussion.thread", these=topic.value if topic else None)
    add(feed, "link", rel="alternate", type="text/html", href=page)
    add(add(feed, "author"), "name", _("Dortmund-Essener Erklärung"))
    for comment in comments:
        feed.append(_entry(comment))
    return written(feed)


def thesis_name(topic: Topic) -> str:
    """The topic's name, with its number as long as the declaration has it."""
    if topic.thesis is None:
        return str(_("Erklärung als Ganzes"))
    if topic.current:
        return str(_("These %(number)s", number=topic.thesis.position))
    return str(_("früherer These %(number)s", number=topic.thesis.position))


def _entry(comment: PublicComment) -> ET.Element:
    entry = ET.Element("entry")
    add(entry, "id", absolute("discussion.comment", language="de", number=comment.id))
    thesis = comment.place.thesis
    title = _("%(name)s zur Erklärung als Ganzem", name=comment.name)
    if thesis is not None:
        title = _("%(name)s zu These %(number)s", name=comment.name, number=thesis.position)
    add(entry, "title", title)
    add(entry, "link", rel="alternate", type="text/html", href=absolute("discussion.comment", number=comment.id))
    published = comment.published_at or comment.written_at
    add(entry, "published", timestamp(published))
    add(entry, "updated", timestamp(comment.changed_at or published))
    add(add(entry, "author"), "name", comment.name)
    content = add(entry, "content", str(comment.html), type="html")
    content.set(XML_LANG, comment.language)
    return entry


def _updated(library: Library, comments: Sequence[PublicComment]) -> datetime:
    """When the feed last changed: with its newest text, or with the declaration while there is none."""
    moments = [one.changed_at or one.published_at or one.written_at for one in comments]
    return max(moments, default=library.current.published_at)
