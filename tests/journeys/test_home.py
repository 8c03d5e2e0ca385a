"""Someone comes by and looks."""

from tests.journeys.visitor import Visitor


def test_home_page_opens(visitor: Visitor) -> None:
    visitor.opens("/", "/")
    visitor.is_at("/", "/")
    visitor.sees("Dortmund")
