"""The pieces that every Atom feed is made of (RFC 4287)."""

import re
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from flask import url_for

from portal.config import current_settings
from portal.language import current_language

ATOM = "http://www.w3.org/2005/Atom"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may have, escaped or not."""


def empty_feed() -> ET.Element:
    """A feed in the language of the request."""
    return ET.Element("feed", {"xmlns": ATOM, XML_LANG: current_language()})


def add(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    """Add an element with text or attributes; what no XML document may have is left out."""
    child = ET.SubElement(parent, tag, attributes)
    child.text = _NOT_XML.sub("", text) or None
    return child


def absolute(endpoint: str, **values: Any) -> str:
    """The address of a page, with the site's own."""
    return current_settings().base_url + url_for(endpoint, **values)


def timestamp(moment: datetime) -> str:
    """A moment in UTC as RFC 3339 writes it."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def written(feed: ET.Element) -> bytes:
    """The feed as a document."""
    content: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return content
