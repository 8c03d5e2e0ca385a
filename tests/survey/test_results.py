"""The results as a page counts them."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.survey import questionnaire
from portal.survey.disclosure import is_small
from portal.survey.questionnaire import Questionnaire
from portal.survey.results import Result, Results
from tests.survey.asking import asked


def about() -> Questionnaire:
    found = questionnaire.parse(asked(), "test.yaml")
    assert isinstance(found, Questionnaire)
    return found


ABOUT = about()


def results(contents: list[dict[str, Any]], texts: dict[str, int] | None = None) -> Results:
    return Results(ABOUT, contents, texts or {}, "de")


def shown(found: list[Result], question: str, part: str = "") -> dict[str, int | None]:
    """The numbers of one table."""
    result = next(one for one in found if one.question.id == question)
    return {cell.value: cell.count for table in result.tables if table.part == part for cell in table.cells}


def test_nothing_is_public_below_ten() -> None:
    assert results([{"ort": "stadt"}] * 9).shown() == []
    assert shown(results([{"ort": "stadt"}] * 10).shown(), "ort") == {"stadt": 10, "land": 0, "see": 0}


def test_every_kind_of_question_is_counted() -> None:
    content = {"ort": "land", "bus": "ja", "alter": 39, "womit": ["rad", "auto"], "stimmt": {"laut": "ja"}, "gut": "2"}
    found = results([content] * 10 + [{"ort": "stadt", "alter": 40, "womit": ["auto"]}] * 20, {"sonst": 12}).shown()
    assert shown(found, "bus") == {"ja": 10, "nein": 0}
    assert shown(found, "alter") == {"0": 10, "40": 20}
    assert shown(found, "womit") == {"rad": 10, "auto": 30}
    assert shown(found, "stimmt", "laut") == {"ja": 10, "nein": 0}
    assert shown(found, "gut") == {"1": 0, "2": 10, "3": 0}
    assert {one.question.id: one.base for one in found} == {
        "ort": 30, "bus": 10, "alter": 30, "womit": 30, "stimmt": 10, "gut": 10, "sonst": 12,
    }  # fmt: skip


def test_that_nobody_answered_a_row_is_said_and_that_few_did_is_not() -> None:
    answers = [{"ort": "stadt", "stimmt": {"laut": "ja"}}] * 20
    for few, said in ((0, (0, {"ja": 0, "nein": 0})), (3, (None, {"ja": None, "nein": None}))):
        also = [{"ort": "stadt", "stimmt": {"laut": "ja", "eng": "ja"}}] * few
        (matrix,) = (one for one in results(answers + also).shown() if one.question.id == "stimmt")
        (row,) = (one for one in matrix.tables if one.part == "eng")
        assert (row.base, {cell.value: cell.count for cell in row.cells}) == said


def test_how_many_were_asked_a_question_tells_nothing_either() -> None:
    """Three live in the country. The number of those who were asked about the bus would say so."""
    people = [{"ort": "land", "bus": "ja"}] * 3 + [{"ort": "stadt"}] * 20 + [{"ort": "see"}] * 30
    found = results(people).shown()
    assert shown(found, "ort") == {"stadt": None, "land": None, "see": 30}
    bus = next(one for one in found if one.question.id == "bus")
    assert (bus.base, bus.tables) == (None, ())


def test_an_option_that_nearly_all_have_ticked_is_hidden_as_one_that_few_have() -> None:
    people = [{"ort": "stadt", "womit": ["auto"]}] * 20 + [{"ort": "stadt", "womit": ["auto", "rad"]}] * 5
    assert shown(results(people).shown(), "womit") == {"rad": None, "auto": 25}


def test_a_group_is_shown_if_nothing_small_is_in_it_or_left_over() -> None:
    people = (
        [{"ort": "stadt", "gut": "1"}] * 20 + [{"ort": "land", "gut": "1"}] * 20 + [{"ort": "see", "gut": "1"}] * 15
    )
    people += (
        [{"ort": "stadt", "gut": "2"}] * 12 + [{"ort": "land", "gut": "2"}] * 3 + [{"ort": "see", "gut": "2"}] * 11
    )
    found = results(people)
    assert found.choices == {"stadt": "Stadt", "land": "Land", "see": "See"}
    assert shown(found.shown("land"), "gut") == {}
    assert shown(found.shown("see"), "gut") == {}, "with it, three could be worked out"
    assert shown(found.shown("stadt"), "gut") == {"1": 20, "2": 12, "3": 0}


def test_what_one_table_hides_no_group_shows() -> None:
    people = (
        [{"ort": "stadt", "gut": "1"}] * 30 + [{"ort": "stadt", "gut": "2"}] * 20 + [{"ort": "land", "gut": "2"}] * 20
    )
    people += [{"ort": "stadt", "gut": "3"}] * 4
    found = results(people)
    assert shown(found.shown(), "gut") == {"1": None, "2": 40, "3": None}
    assert shown(found.shown("stadt"), "gut") == {"1": None, "2": 20, "3": None}
    assert shown(found.shown("land"), "gut") == {"1": None, "2": 20, "3": None}


PEOPLE = st.lists(
    st.tuples(
        st.integers(1, 25),
        st.fixed_dictionaries(
            {"ort": st.sampled_from(["stadt", "land", "see"])},
            optional={"gut": st.sampled_from(["1", "2", "3"]), "womit": st.sampled_from([["rad"], ["rad", "auto"]])},
        ),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=100)
@given(PEOPLE)
def test_no_page_shows_a_small_number_and_no_difference_of_two_is_one(groups: list[tuple[int, dict[str, Any]]]) -> None:
    found = results([content for number, content in groups for _ in range(number)])
    everybody = found.shown()
    for value in found.choices:
        for all_of_them, one in zip(everybody, found.shown(value), strict=True):
            for whole, part in zip(all_of_them.tables, one.tables, strict=False):
                for cell, mine in zip(whole.cells, part.cells, strict=True):
                    assert cell.count is None or not is_small(cell.count)
                    if cell.count is not None and mine.count is not None:
                        assert not is_small(mine.count)
                        assert not is_small(cell.count - mine.count)
