"""References for tests, which say of themselves that they are examples; and the one article that is known."""

from portal.bibliography.reference import (
    ARTICLE,
    BOOK,
    CHAPTER,
    DOCUMENT,
    PAPER,
    REPORT,
    THESIS,
    WEBPAGE,
    Name,
    Reference,
)

KNOWN = Reference(
    ARTICLE,
    "Digitalisierung in der Sozialverwaltung. Soziotechnische Konstellationen der Fallbearbeitung am Beispiel von"
    " Jugendämtern",
    (Name("Büchner", "Stefanie"), Name("Gall", "Korbinian")),
    container_title="WSI-Mitteilungen",
    volume="76",
    issue="5",
    page="346-354",
    issued=(2023,),
    doi="10.5771/0342-300X-2023-5-346",
    language="de",
)
OF_BOOK = Reference(
    BOOK,
    "Ein Beispielbuch",
    (Name("von der Muster", "Eva"),),
    publisher="Beispielverlag",
    publisher_place="Essen",
    issued=(2020,),
    edition="2",
    isbn="978-3-16-148410-0",
)
OF_CHAPTER = Reference(
    CHAPTER,
    "Ein Kapitel",
    (Name("Muster", "Eva"),),
    (Name("Beispiel", "Ada"),),
    "Ein Sammelband",
    collection_title="Beispielreihe",
    publisher="Beispielverlag",
    publisher_place="Essen",
    page="10-20",
    issued=(2021,),
)
OF_REPORT = Reference(
    REPORT,
    "Ein Bericht",
    (Name(literal="Institut Beispiel"),),
    number="3",
    publisher="Beispielstelle",
    issued=(2022, 3, 1),
    url="https://example.org/bericht_1?a=1&b=2",
)
OF_PAGE = Reference(
    WEBPAGE,
    "Eine Seite",
    (Name(literal="Stadt Beispiel"),),
    container_title="Beispielportal",
    issued=(2023, 2, 8),
    url="https://example.org/seite",
)
OF_THESIS = Reference(
    THESIS,
    "Eine Arbeit über 100 % & mehr",
    (Name("Beispiel", "Ada", "Jr."),),
    publisher="Beispieluniversität",
    genre="Dissertation",
    issued=(2019, 5),
    keywords=("Jugendamt", "Software"),
    abstract="Worum es geht.",
)
OF_PAPER = Reference(PAPER, "Ein Vortrag", (Name("Beispiel", "Ada"),), container_title="Tagungsband", page="1-2")
OF_DOCUMENT = Reference(DOCUMENT, "Ohne alles")

ALL = (KNOWN, OF_BOOK, OF_CHAPTER, OF_REPORT, OF_PAGE, OF_THESIS, OF_PAPER, OF_DOCUMENT)
