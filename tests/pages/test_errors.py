"""Error pages: in both languages, with a way on, and silent about what is inside."""

from typing import Any

import pytest
from flask import Flask, abort
from sqlalchemy.exc import OperationalError

from portal.web.limits import limiter
from tests.browser import Browser, Client, Page
from tests.conftest import MakeApp

one_database = pytest.mark.one_database
CODES = [400, 403, 404, 405, 413, 429, 500, 503]


def broken(app: Flask) -> Flask:
    """The application with pages that fail in every way."""

    @app.get("/kaputt/<int:code>")
    @app.get("/en/broken/<int:code>")
    def fail(code: int) -> str:
        abort(code)

    @app.get("/unerwartet")
    def unexpected() -> str:
        raise RuntimeError("das Passwort ist geheim")

    @app.get("/datenbank-weg")
    def database_gone() -> str:
        raise OperationalError("SELECT geheim", {}, Exception("connection refused"))

    @app.post("/formular")
    def form() -> str:
        return "angenommen"

    @app.get("/formular")
    def empty_form() -> str:
        return "leer"

    return app


@one_database
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("path", "language"), [("/kaputt", "de"), ("/en/broken", "en")])
def test_an_error_is_a_page_in_the_language_of_its_address(app: Flask, code: int, path: str, language: str) -> None:
    page = Page(broken(app).test_client().get(f"{path}/{code}"))
    assert page.status == code
    assert page.attribute("html", "lang") == language
    assert str(code) in page.text("main .eyebrow")
    assert page.text("main h1")
    home = "/en/" if language == "en" else "/"
    assert page.has(f'main a[href="{home}"]')
    assert page.attribute("meta[name=robots]", "content") == "noindex"
    assert not page.has("link[rel=canonical]")
    assert page.response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.response.headers


@pytest.mark.parametrize(("path", "language"), [("/gibt-es-nicht", "de"), ("/en/nowhere", "en"), ("/en", "en")])
def test_an_address_that_leads_nowhere(client: Client, path: str, language: str) -> None:
    response = client.get(path, follow_redirects=True)
    page = Page(response)
    assert page.status in {200, 404}
    assert page.attribute("html", "lang") == language


@one_database
def test_a_wrong_method_is_refused_and_the_right_ones_are_named(client: Client) -> None:
    response = client.delete("/impressum")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


@one_database
def test_too_much_text_is_refused(app: Flask) -> None:
    page = Page(broken(app).test_client().post("/formular", data={"text": "x" * 300_000}))
    assert page.status == 413
    assert page.attribute("main li a", "href") == "/formular"


@one_database
def test_a_stale_form_is_explained_and_can_be_opened_again(app: Flask) -> None:
    page = Page(broken(app).test_client().post("/formular", data={"x": "1"}))
    assert page.status == 400
    assert "Cookie" in page.text()
    assert page.attribute("main li a", "href") == "/formular"


@one_database
def test_an_unexpected_error_surfaces_in_tests(app: Flask) -> None:
    client = broken(app).test_client()
    with pytest.raises(RuntimeError):
        client.get("/unerwartet")


def test_an_unexpected_error_tells_nothing_of_the_inside(make_app: MakeApp) -> None:
    page = Page(broken(make_app(env="development")).test_client().get("/unerwartet"))
    assert page.status == 500
    for secret in ("geheim", "RuntimeError", "Traceback", "test_errors"):
        assert secret not in page.response.text


def test_a_database_that_does_not_answer_is_a_page_too(app: Flask) -> None:
    page = Page(broken(app).test_client().get("/datenbank-weg"))
    assert page.status == 503
    assert int(page.response.headers["Retry-After"]) > 0
    assert "geheim" not in page.response.text
    assert "refused" not in page.response.text


@one_database
def test_every_page_of_the_frame_can_do_without_the_database(make_app: MakeApp, tmp_path: Any) -> None:
    client = make_app(database_url=f"sqlite:///{tmp_path}/gone/nowhere.db").test_client()
    for path in ("/impressum", "/en/accessibility", "/gibt-es-nicht", "/healthz"):
        assert client.get(path).status_code in {200, 404}
    assert client.get("/").status_code == 503
    assert client.get("/readyz").status_code == 503


@one_database
def test_too_many_requests_say_when_to_come_back(app: Flask) -> None:
    @app.get("/zu-viel")
    @limiter.limit("1 per hour")
    def flooded() -> str:
        return "einmal"

    client = app.test_client()
    assert client.get("/zu-viel").status_code == 200
    response = client.get("/zu-viel")
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "3600"


@one_database
def test_the_way_on_leads_somewhere(app: Flask) -> None:
    browser = Browser(broken(app).test_client())
    for link in browser.open("/kaputt/404").tree.css("main a"):
        assert browser.open(link.attributes["href"] or "").status in {200, 503}
