"""What an independent reader finds in a tagged PDF: pikepdf, which knows nothing of Typst."""

import io
from collections.abc import Iterator
from itertools import pairwise

import pikepdf


def opened(content: bytes) -> pikepdf.Pdf:
    """The PDF in these bytes."""
    return pikepdf.open(io.BytesIO(content))


def elements(node: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """The structure elements in reading order, from the root of the tree or an element on."""
    if isinstance(node, pikepdf.Array):
        for child in node:
            yield from elements(child)
    elif isinstance(node, pikepdf.Dictionary):
        if "/S" in node:
            yield node
        if "/K" in node:
            yield from elements(node.K)


def tags(pdf: pikepdf.Pdf) -> list[str]:
    """The tags in reading order, such as `H1`, `P`, `L`."""
    return [str(one.S).removeprefix("/") for one in elements(pdf.Root.StructTreeRoot)]


def assert_accessible(content: bytes, language: str, title: str) -> pikepdf.Pdf:
    """What PDF/UA-1 (ISO 14289-1) asks for and a file shows: marks, language, title, alternatives, order, fonts."""
    pdf = opened(content)
    root = pdf.Root
    assert bool(root.MarkInfo.Marked)
    assert str(root.Lang) == language
    assert bool(root.ViewerPreferences.DisplayDocTitle)
    assert str(pdf.docinfo["/Title"]) == title
    with pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        assert metadata["dc:title"] == title
    found = list(elements(root.StructTreeRoot))
    figures = [one for one in found if one.S == "/Figure"]
    assert figures
    assert all(str(one.get("/Alt", "")) for one in figures)
    _assert_headings_skip_no_level(tags(pdf))
    for page in pdf.pages:
        assert page.obj.Tabs == "/S"
        assert "/StructParents" in page.obj
        for annotation in page.obj.get("/Annots", []):
            assert str(annotation.get("/Contents", "")), "a link says where it leads"
            assert "/StructParent" in annotation
        for font in page.resources.Font.values():
            _assert_embedded(font)
    return pdf


def _assert_headings_skip_no_level(found: list[str]) -> None:
    levels = [int(tag[1]) for tag in found if tag[0] == "H" and tag[1:].isdigit()]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def _assert_embedded(font: pikepdf.Object) -> None:
    assert "/ToUnicode" in font
    described = font.DescendantFonts[0] if "/DescendantFonts" in font else font
    assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(described.FontDescriptor.keys())


def bookmarks(pdf: pikepdf.Pdf) -> list[str]:
    """The titles of the outline, all levels one after the other."""
    with pdf.open_outline() as outline:
        return [title for item in outline.root for title in _titles(item)]


def _titles(item: pikepdf.OutlineItem) -> Iterator[str]:
    yield item.title
    for child in item.children:
        yield from _titles(child)
