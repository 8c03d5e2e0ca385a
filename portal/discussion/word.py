"""The synopsis as a Word document: real headings, header rows that repeat, page numbers, each text's language."""

import io
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from flask_babel import format_date, format_datetime, ngettext
from flask_babel import gettext as _

from portal.config import current_settings
from portal.discussion.reading import PublicComment
from portal.discussion.synopsis import Part, Synopsis, Wording
from portal.discussion.vocabulary import CAPACITIES, OUTCOME_NAMES
from portal.text.blocks import Block, Words, blocks_of
from portal.text.markdown import organisers_html

PAGE = (297, 210)
"""A4, landscape, in millimetres."""
MARGIN = 18
FONT = "Arial"
CODE_FONT = "Courier New"
LANGUAGES = {"de": "de-DE", "en": "en-GB"}
COLUMNS = (14, 47, 105, 95)
"""Widths in millimetres; together they fill the page between its margins."""
WHOLE = 1500
"""A comment of fewer characters stands on one page."""
INDENT = 5
"""Millimetres by which a reply stands further in than what it answers, and so do lists and quotations."""

# What XML 1.0 has no place for (2.2): lxml would refuse the whole document.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def word_document(synopsis: Synopsis) -> bytes:
    """The document, in the language of the request."""
    document = docx.Document()
    _set_up(document, synopsis)
    _front(document, synopsis)
    for part in synopsis.parts:
        _part(document, part)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def topic_title(part: Part) -> str:
    """«These 3: Überschrift», «Entfallene These: Überschrift» or the whole."""
    thesis = part.topic.thesis
    if thesis is None:
        return str(_("Zur Erklärung als Ganzes"))
    heading = part.wordings[0].heading
    if not part.topic.current:
        revision = thesis.revision.number
        title = _(
            "Entfallene These (zuletzt These %(number)s in Fassung %(revision)s)",
            number=thesis.position,
            revision=revision,
        )
    else:
        title = _("These %(number)s", number=thesis.position)
    return f"{title}: {heading}" if heading else str(title)


def standing_words(comment: PublicComment) -> str:
    """On which words a comment was written, where it is not those of today."""
    revision = comment.place.revision.number
    if comment.place.standing == "orphaned":
        return str(_("zu Fassung %(revision)s, These entfallen", revision=revision))
    if comment.place.standing == "older":
        return str(_("zu Fassung %(revision)s, seither geändert", revision=revision))
    if comment.place.revision.id != comment.place.current.id:
        return str(_("zu Fassung %(revision)s, Wortlaut gleich", revision=revision))
    return str(_("zu Fassung %(revision)s", revision=revision))


def gone_words(comment: PublicComment) -> str:
    """What stands where a comment was."""
    if comment.gone == "deleted":
        return str(_("Von der Verfasserin oder dem Verfasser zurückgezogen."))
    return str(_("Von der Redaktion heruntergenommen."))


def _set_up(document: Document, synopsis: Synopsis) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = (Mm(side) for side in PAGE)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(MARGIN)
    title = _title(synopsis)
    about = document.core_properties
    about.title, about.subject, about.language = title, _hash_line(synopsis), "de-DE"
    about.author = about.last_modified_by = str(_("Redaktion der Dortmund-Essener Erklärung"))
    about.comments = about.keywords = ""
    about.created = about.modified = _naive(synopsis.made_at)
    _set_styles(document)
    _footer(section.footer.paragraphs[0], title)


def _set_styles(document: Document) -> None:
    sizes = {"Normal": 10, "Title": 20, "Heading 1": 14, "Heading 2": 11, "Footer": 8}
    for name, size in sizes.items():
        style: Any = document.styles[name]
        style.font.name, style.font.size = FONT, Pt(size)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for attribute in [one for one in fonts.attrib if "Theme" in one]:
            del fonts.attrib[attribute]
        for script in ("w:hAnsi", "w:cs", "w:eastAsia"):
            fonts.set(qn(script), FONT)
    for name in ("Title", "Heading 1", "Heading 2"):
        style = document.styles[name]
        style.font.color.rgb = None
        style.paragraph_format.keep_with_next = True
    document.styles["Footer"].paragraph_format.tab_stops.clear_all()
    normal: Any = document.styles["Normal"]
    normal.paragraph_format.space_after = Pt(4)
    _language(normal.element.get_or_add_rPr(), "de")
    for lang in document.styles.element.iter(qn("w:lang")):
        lang.set(qn("w:val"), LANGUAGES["de"])


def _footer(paragraph: Paragraph, title: str) -> None:
    paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(PAGE[0] - 2 * MARGIN), WD_TAB_ALIGNMENT.RIGHT)
    page, of = str(_("Seite")), str(_("von"))
    paragraph.add_run(f"{_clean(title)}\t{page} ")
    _field(paragraph, "PAGE")
    paragraph.add_run(f" {of} ")
    _field(paragraph, "NUMPAGES")


def _field(paragraph: Paragraph, instruction: str) -> None:
    """A number that the word processor fills in (ECMA-376 Part 1, 17.16.19)."""
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), instruction)
    run = OxmlElement("w:r")
    shown = OxmlElement("w:t")
    shown.text = "1"
    run.append(shown)
    field.append(run)
    paragraph._p.append(field)


def _front(document: Document, synopsis: Synopsis) -> None:
    document.add_paragraph(_clean(_title(synopsis)), style="Title")
    moment = format_datetime(synopsis.made_at, "d. MMMM yyyy, HH:mm")
    document.add_paragraph(_clean(synopsis.revision.text("de").title))
    document.add_paragraph(_("Stand: %(moment)s Uhr", moment=moment))
    document.add_paragraph(_hash_line(synopsis))
    document.add_paragraph(
        _("Aufgenommen ist nur, was auf der Website veröffentlicht ist. Was noch wartet oder abgelehnt ist, fehlt.")
    )
    document.add_heading(_("Überblick"), level=1)
    table = _table(document, (150, 40, 71), (_("Wozu"), _("Kommentare"), _("davon ohne Ergebnis")), _("Überblick"))
    for part in synopsis.parts:
        cells = _new_row(table)
        for cell, text in zip(cells, (topic_title(part), str(part.number), str(part.open)), strict=True):
            _first(cell).add_run(_clean(text))
    _set_widths(table, (150, 40, 71))


def _part(document: Document, part: Part) -> None:
    document.add_heading(_clean(topic_title(part)), level=1)
    for place, wording in enumerate(part.wordings):
        _wording(document, part, wording, earlier=place > 0)
    if not part.comments:
        document.add_paragraph(_("Dazu gibt es keine Kommentare."))
        return
    document.add_heading(ngettext("%(num)s Kommentar", "%(num)s Kommentare", part.number), level=2)
    header = (_("Nr."), _("Wer, wann, wozu"), _("Kommentar"), _("Antwort und Ergebnis"))
    table = _table(document, COLUMNS, header, topic_title(part))
    for comment in part.comments:
        _comment(table, comment)
    _set_widths(table, COLUMNS)


def _wording(document: Document, part: Part, wording: Wording, *, earlier: bool) -> None:
    revision = wording.revision.number
    if earlier:
        label = _("Früherer Wortlaut, Fassung %(revision)s", revision=revision)
    elif part.topic.current:
        label = _("Wortlaut der Fassung %(revision)s", revision=revision)
    else:
        label = _("Letzter Wortlaut, Fassung %(revision)s", revision=revision)
    document.add_heading(label, level=2)
    if earlier and wording.heading:
        document.add_paragraph().add_run(_clean(wording.heading)).bold = True
    for block in _read(organisers_html(wording.text)):
        _write(document.add_paragraph(), block, indent=1)


def _comment(table: Table, comment: PublicComment) -> None:
    text = _read(comment.html)
    number, who, words, said = _new_row(table, whole=sum(len(block.text) for block in text) < WHOLE)
    _first(number).add_run(str(comment.id))
    if comment.gone:
        _fill(words, _typed(gone_words(comment)), indent=comment.depth)
        return
    name = _first(who)
    name.add_run(_clean(comment.name)).bold = True
    name.paragraph_format.space_after = Pt(0)
    capacity = str(CAPACITIES[comment.capacity]) if comment.capacity else ""
    about = (capacity, format_date(comment.written_at, "d. MMMM yyyy"), standing_words(comment))
    lines = who.add_paragraph().add_run(_clean("\n".join(line for line in about if line)))
    lines.font.size = Pt(9)
    if comment.parent_id:
        label = _first(words)
        label.paragraph_format.left_indent = Mm(INDENT * comment.depth)
        label.add_run(_("Antwort auf Nr. %(number)s", number=comment.parent_id)).italic = True
    _fill(words, text, comment.language, indent=comment.depth)
    if comment.answer:
        _label(said, _("Antwort der Redaktion:"))
        _fill(said, _read(organisers_html(comment.answer.source)))
    if comment.result:
        outcome = str(OUTCOME_NAMES[comment.result.outcome])
        if comment.result.revision:
            outcome = str(_("%(outcome)s (Fassung %(number)s)", outcome=outcome, number=comment.result.revision.number))
        _label(said, _("Ergebnis: %(outcome)s", outcome=outcome))
        _fill(said, _typed(comment.result.reason))


def _table(document: Document, widths: tuple[int, ...], header: Iterable[Any], about: str) -> Table:
    table: Table = document.add_table(rows=1, cols=len(widths), style="Table Grid")
    table.autofit = False
    properties = table._tbl.tblPr
    _pad(properties)
    caption = OxmlElement("w:tblCaption")
    caption.set(qn("w:val"), _clean(about)[:255])
    properties.append(caption)
    row = table.rows[0]
    row_properties = row._tr.get_or_add_trPr()
    # In this order: whole on one page, and again on each page (ECMA-376 Part 1, 17.4.78).
    for tag in ("w:cantSplit", "w:tblHeader"):
        row_properties.append(OxmlElement(tag))
    for cell, text in zip(row.cells, header, strict=True):
        _first(cell).add_run(str(text)).bold = True
        shade = OxmlElement("w:shd")
        for name, value in (("w:val", "clear"), ("w:color", "auto"), ("w:fill", "E8E4DB")):
            shade.set(qn(name), value)
        cell._tc.get_or_add_tcPr().append(shade)
    return table


def _pad(properties: Any) -> None:
    """Room between the lines of a table and its words, in twentieths of a point."""
    margins = OxmlElement("w:tblCellMar")
    for side, width in (("top", 50), ("left", 110), ("bottom", 30), ("right", 110)):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(width))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    # Its place is before the look (ECMA-376 Part 1, 17.4.59).
    properties.find(qn("w:tblLook")).addprevious(margins)


def _set_widths(table: Table, widths: tuple[int, ...]) -> None:
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width)


def _read(html: str) -> list[Block]:
    return blocks_of(html, current_settings().base_url)


def _typed(text: str) -> list[Block]:
    """The paragraphs of a plain text; lines within one stay lines."""
    return [Block((Words(one.strip("\n")),)) for one in re.split(r"\n\s*\n", text) if one.strip()]


def _fill(cell: _Cell, blocks: Iterable[Block], language: str = "de", indent: int = 0) -> None:
    for block in blocks:
        _write(_next(cell), block, language, indent)


def _write(paragraph: Paragraph, block: Block, language: str = "de", indent: int = 0) -> None:
    """Write the words as they look on the page. The marker of a list stands before them, as words of its own."""
    if block.quoted:
        paragraph.style = "Quote"
    steps = indent + block.quoted + block.level
    shape = paragraph.paragraph_format
    shape.left_indent = Mm(INDENT * steps) if steps else None
    shape.keep_with_next = block.heading or None
    if block.marker:
        shape.first_line_indent = Mm(-INDENT)
        shape.tab_stops.add_tab_stop(Mm(INDENT * steps))
        paragraph.add_run(f"{block.marker}\t")
    for words in block.words:
        run = paragraph.add_run(_clean(words.text))
        run.bold, run.italic = words.bold or block.heading or None, words.italic or None
        if words.code:
            run.font.name = CODE_FONT
        _language(run._r.get_or_add_rPr(), language)


def _label(cell: _Cell, text: str) -> None:
    paragraph = _next(cell)
    paragraph.paragraph_format.keep_with_next = True
    paragraph.add_run(_clean(text)).bold = True


def _next(cell: _Cell) -> Paragraph:
    """A new paragraph of the cell, or its first one, which is always there."""
    first = _first(cell)
    return first if len(cell.paragraphs) == 1 and not first.runs else cell.add_paragraph()


def _first(cell: _Cell) -> Paragraph:
    paragraph: Paragraph = cell.paragraphs[0]
    return paragraph


def _new_row(table: Table, *, whole: bool = True) -> tuple[_Cell, ...]:
    """One more row; if it is `whole`, no page ends in it."""
    row: Any = table.add_row()  # type: ignore[no-untyped-call]  # python-docx forgot this one
    if whole:
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    cells: tuple[_Cell, ...] = row.cells
    return cells


def _language(properties: Any, language: str) -> None:
    lang = OxmlElement("w:lang")
    lang.set(qn("w:val"), LANGUAGES.get(language, LANGUAGES["de"]))
    properties.append(lang)


def _title(synopsis: Synopsis) -> str:
    return str(_("Synopse der Kommentare zu Fassung %(number)s", number=synopsis.revision.number))


def _hash_line(synopsis: Synopsis) -> str:
    revision = synopsis.revision
    dated = format_date(revision.dated, "long")
    return str(
        _(
            "Fassung %(number)s vom %(dated)s, SHA-256 %(sha256)s",
            number=revision.number,
            dated=dated,
            sha256=revision.sha256,
        )
    )


def _clean(text: object) -> str:
    return _NOT_XML.sub("", str(text))


def _naive(moment: datetime) -> datetime:
    """The properties of a document are in UTC without saying so."""
    return moment.replace(tzinfo=None)
