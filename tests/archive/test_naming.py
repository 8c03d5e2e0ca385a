"""Names of files: they say the address, fit every file system, and keep addresses apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.archive.naming import HTML, LONGEST, file_name, told_apart


@pytest.mark.parametrize(
    ("address", "media_type", "name"),
    [
        ("/", HTML, "index.html"),
        ("/en/", HTML, "en/index.html"),
        ("/erklaerung/1", HTML, "erklaerung/1/index.html"),
        ("/erklaerung/1.pdf", "application/pdf", "erklaerung/1.pdf"),
        ("/diskussion?seite=2", HTML, "diskussion/index-seite=2.html"),
        ("/erklaerung/vergleich?von=1&bis=2", HTML, "erklaerung/vergleich/index-von=1-bis=2.html"),
        ("/feed/diskussion.atom?sprache=en", "application/atom+xml", "feed/diskussion-sprache=en.atom"),
        ("/daten/umfrage", "text/csv", "daten/umfrage.csv"),
    ],
)
def test_a_name_says_the_address(address: str, media_type: str, name: str) -> None:
    assert file_name(address, media_type) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [("/A", "/a"), ("/x?q=a%20b", "/x?q=a-b"), ("/%C3%A4", "/%C3%B6"), ("/x?q=" + "a" * 99, "/x?q=" + "a" * 98 + "b")],
)
def test_what_cannot_be_said_in_a_name_is_told_apart_by_a_mark(one: str, other: str) -> None:
    assert file_name(one, HTML).casefold() != file_name(other, HTML).casefold()


def test_a_name_that_is_taken_gets_a_mark() -> None:
    names = {told_apart("x/index.html", address) for address in ("/x//", "//x")}
    assert len(names) == 2
    assert all(name.startswith("x/index-") and name.endswith(".html") for name in names)


@given(st.text(min_size=1).map(lambda text: "/" + text), st.sampled_from([HTML, "application/pdf", "x/unknown"]))
def test_every_name_fits_every_file_system(address: str, media_type: str) -> None:
    for part in file_name(address, media_type).split("/"):
        stem = part.partition(".")[0]
        assert part.encode("ascii").decode().lower() == part
        assert not set(part) & set('<>:"|?*\\%#& ')
        assert part not in {"", ".", ".."}
        assert not part.endswith((".", " "))
        assert stem not in {"con", "prn", "aux", "nul", "com1", "lpt1"}
        assert len(part) <= LONGEST + 20
