"""Safe HTML as plain text that one likes to read: 76 columns, lists with a hanging indent, links whole."""

from collections.abc import Callable
from html.parser import HTMLParser
from itertools import takewhile

from flask_babel import gettext as _

COLUMNS = 76

_HEADINGS = {"h2": "=", "h3": "-", "h4": "-", "h5": "-", "h6": "-"}
_MARKS = {"em": "_", "strong": "*"}


def as_text(html: str, width: Callable[[str], int] = len) -> str:
    """The text of HTML that both gates have passed; `width` says how many columns a word takes.

    The address of a link that stands alone in its paragraph follows on the next line. Those of all others are numbered
    and stand at the end, one to a line: no address is ever broken, and no sentence is interrupted by one.
    """
    reader = _Reader(width)
    reader.feed(html)
    reader.close()
    return reader.text()


class _Indent:
    """What the lines of a block begin with: a list's mark on the first, blanks on the others."""

    def __init__(self, first: str, rest: str) -> None:
        self.first, self.rest = first, rest

    def take(self) -> str:
        first, self.first = self.first, self.rest
        return first


class _Reader(HTMLParser):
    def __init__(self, width: Callable[[str], int]) -> None:
        super().__init__(convert_charrefs=True)
        self._width = width
        self._lines: list[str] = []
        self._words = ""
        self._indents: list[_Indent] = []
        self._above: list[_Indent] = []
        """The indents of the block above."""
        self._lists: list[int | None] = []
        """Of each list that we are in, the number of its next item."""
        self._paragraph = False
        self._dense = False
        """Whether the block above is an item without paragraphs of its own."""
        self._pre = False
        self._addresses: list[str] = []
        self._anchor: tuple[str, int] = ("", 0)
        """The link that we are in, and where its words begin."""
        self._whole: tuple[str, str, bool] | None = None
        """Words, address and whether it got a new number, of the link that is all there is so far."""

    def text(self) -> str:
        self._end_block()
        if self._addresses:
            self._lines += ["", *(f"[{n}] {address}" for n, address in enumerate(self._addresses, 1))]
        return "\n".join(self._lines).strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"p", "pre", "hr", "ul", "ol", "li", "blockquote", *_HEADINGS}:
            self._end_block()
        if tag in {"p", "pre", *_HEADINGS}:
            self._paragraph = True
            self._pre = tag == "pre"
        elif tag == "blockquote":
            self._indents.append(_Indent("> ", "> "))
        elif tag in {"ul", "ol"}:
            self._dense = self._dense and bool(self._lists)
            self._lists.append(int(given.get("start") or 1) if tag == "ol" else None)
        elif tag == "li":
            mark = self._next_mark()
            self._indents.append(_Indent(mark, " " * len(mark)))
        elif tag == "hr":
            self._add(["* * *"], dense=False)
        elif tag == "br":
            self._words = self._words.rstrip(" ") + "\n"
        elif tag == "a":
            self._anchor = (given.get("href") or "", len(self._words))
        else:
            self._words += _opening(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"p", "pre", "ul", "ol", "li", "blockquote", *_HEADINGS}:
            self._end_block(_HEADINGS.get(tag, ""))
            self._paragraph = self._pre = False
        if tag in {"li", "blockquote"} and self._indents:
            self._indents.pop()
        elif tag in {"ul", "ol"} and self._lists:
            self._lists.pop()
        elif tag == "a":
            self._end_link()
        elif tag in {"ins", "del"}:
            self._words = self._words.rstrip() + "]"
        else:
            self._words += _MARKS.get(tag, "")

    def handle_data(self, data: str) -> None:
        if self._pre:
            self._words += data
            return
        words = " ".join(data.split())
        if words:
            before = " " if data[0].isspace() and self._words and not self._words[-1].isspace() else ""
            self._words += before + words + (" " if data[-1].isspace() else "")
        elif data and self._words and not self._words[-1].isspace():
            self._words += " "

    def _end_link(self) -> None:
        address, begin = self._anchor
        self._anchor = ("", 0)
        words = self._words[begin:]
        shown = address.removeprefix("mailto:")
        if not shown or words.strip() == shown:
            return
        new = shown not in self._addresses
        if new:
            self._addresses.append(shown)
        self._whole = (words.strip(), shown, new) if not self._words[:begin].strip() else None
        self._words = self._words.rstrip() + f" [{self._addresses.index(shown) + 1}]"

    def _next_mark(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _end_block(self, underline: str = "") -> None:
        words, self._words = self._words, ""
        whole, self._whole = self._whole, None
        if not words.strip():
            return
        if self._pre:
            lines = [f"    {line}" for line in words.strip("\n").splitlines()]
        else:
            if whole is not None:
                words = self._alone(words.strip(), *whole)
            lines = self._filled(words.strip(), COLUMNS - sum(len(indent.rest) for indent in self._indents))
        if underline:
            lines.append(underline * max(min(self._width(line), COLUMNS) for line in lines))
        self._add(lines, dense=bool(self._lists) and not self._paragraph)

    def _alone(self, words: str, link: str, address: str, new: bool) -> str:
        """The words of a block; if a link is all there is, with its address below and no number."""
        if words != f"{link} [{self._addresses.index(address) + 1}]":
            return words
        if new:
            self._addresses.pop()
        return f"{link}{'' if link[-1] in '.:!?' else ':'}\n{address}"

    def _add(self, lines: list[str], *, dense: bool) -> None:
        if self._lines and not (dense and self._dense):
            both = takewhile(lambda pair: pair[0] is pair[1], zip(self._above, self._indents, strict=False))
            self._lines.append("".join(indent.rest for indent, _same in both).rstrip())
        for line in lines:
            self._lines.append(("".join(indent.take() for indent in self._indents) + line).rstrip())
        self._above, self._dense = list(self._indents), dense

    def _filled(self, words: str, columns: int) -> list[str]:
        lines: list[str] = []
        for row in words.split("\n"):
            line, taken = "", 0
            for word in row.split():
                wide = self._width(word)
                if line and taken + 1 + wide > columns:
                    lines.append(line)
                    line, taken = word, wide
                else:
                    line, taken = (f"{line} {word}", taken + 1 + wide) if line else (word, wide)
            lines.append(line)
        return lines


def _opening(tag: str) -> str:
    """What stands before words that are emphasised, added or removed."""
    if tag == "ins":
        return "[" + str(_("neu:")) + " "
    if tag == "del":
        return "[" + str(_("gestrichen:")) + " "
    return _MARKS.get(tag, "")
