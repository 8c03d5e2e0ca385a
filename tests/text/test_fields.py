"""What a name may be."""

import pytest

from portal.text.fields import has_web_address

NAMES = (
    "Ada Beispiel",
    "A.B.Meier",
    "Dipl.-Soz.Päd. Ada Beispiel",
    "Dr. Müller",
    "Dr.Müller",
    "Dr.De Beispiel",
    "Dr.med. Ada Beispiel",
    "Dr.med Ada Beispiel",
    "Dr. h.c. Ada Beispiel",
    "H.-J. Beispiel",
    "J.de Vries",
    "M.A. Beispiel, Ph.D.",
    "Müller-Lüdenscheidt e.V.",
    "Ada Beispiel i.R.",
    "St.Pauli",
    "Prof.Dr.phil.Ada Beispiel",
    "Beispiel/Muster",
    "j.beispiel",
    "Søren O’Beispiel",
)
ADDRESSES = (
    "https://beispiel",
    "www.beispiel",
    "gewinn.example",
    "Gewinn.COM",
    "gewinn.com.",
    "t.co",
    "Jetzt gewinn.berlin ansehen",
    "Gewinn.Berlin/jetzt",
    "a@gewinn.example",
    "gewinn。com",
    "ｇｅｗｉｎｎ．ｃｏｍ",
    "gewinn․support",
    "gewinn.xn--p1ai",
    "198.51.100.7",
)


@pytest.mark.parametrize("name", NAMES)
def test_name_is_no_web_address(name: str) -> None:
    assert not has_web_address(name)


@pytest.mark.parametrize("name", ADDRESSES)
def test_what_a_mail_program_would_link_is_none(name: str) -> None:
    assert has_web_address(name)
