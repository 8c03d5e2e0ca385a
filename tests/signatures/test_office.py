"""Signatories in the office: find, look, hold, release, remove, export."""

import csv
import io
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.declaration.models import Revision
from portal.mail.models import OutboxMail
from portal.organisers.models import AuditEntry, Organiser
from portal.privacy import holds
from portal.signatures import operations, oversight
from portal.signatures.models import Signature
from portal.signatures.operations import Tally
from portal.signatures.oversight import Wanted
from tests.browser import Browser
from tests.letters import letters, part
from tests.office import Office, add_organiser
from tests.signatures.conftest import Sign, mails

LIST = "/redaktion/unterzeichnende"
Confirm = Callable[..., object]

pytestmark = pytest.mark.usefixtures("revision")


@pytest.fixture
def ada(sign: Sign, confirm: Confirm, session: Session) -> int:
    """The number of a signature that counts."""
    sign("Ada Beispiel", "ada@example.org", organisation="Öffentliche Stelle", place="Übach", show_name=True)
    confirm()
    return session.scalars(select(Signature.id)).one()


@pytest.fixture
def moderator(office: Office) -> Browser:
    return office("moderator", name="Mo Probe")


def one(number: int) -> str:
    return f"{LIST}/{number}"


def names(browser: Browser) -> list[str]:
    """The people in the list."""
    return browser.page.texts("main tbody th")


def acts(session: Session) -> list[tuple[str, str, dict[str, object]]]:
    """What the log says, the logins left out."""
    session.commit()
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(one.act, one.subject, one.detail) for one in entries if one.act.startswith("signature.")]


def test_nobody_has_signed_yet(moderator: Browser) -> None:
    page = moderator.open(LIST)
    assert "Noch hat niemand unterzeichnet." in page.text()
    assert not page.has("main form[method=post]"), "there is nothing to export"


@pytest.mark.parametrize(
    "search",
    [
        "Ada",
        "beispiel",
        "ADA beispiel",
        "Beispiel Ada",
        "öffentliche",
        "übach ada",
        "ada@example.org",
        "ADA@example.org",
    ],
)
def test_found_by_name_organisation_place_and_whole_address(
    moderator: Browser, sign: Sign, ada: int, search: str
) -> None:
    """What is hidden from the public is found too, umlauts in any case."""
    sign("Bo Muster", "bo@example.org")
    moderator.open(LIST)
    moderator.open(f"{LIST}?suche={search}")
    assert names(moderator) == ["Ada Beispiel"]


@pytest.mark.parametrize(
    "search", ["Clara", "%", "_", "ada@", "@", "example.org", "ada@example.com", "x" * 300, "\x00"]
)
def test_what_nobody_is_called_finds_nobody(moderator: Browser, ada: int, search: str) -> None:
    page = moderator.open(LIST, query_string={"suche": search})
    assert page.status == 200
    assert names(moderator) == (["Ada Beispiel"] if search == "\x00" else [])


def test_found_by_number(moderator: Browser, ada: int) -> None:
    moderator.open(f"{LIST}?suche={ada}")
    assert names(moderator) == ["Ada Beispiel"]


def test_filtered_by_standing_and_revision(moderator: Browser, sign: Sign, ada: int) -> None:
    sign("Bo Muster", "bo@example.org")
    sign("Cleo Muster", "cleo@example.org", held_reason="suspicious")
    for query, expected in {
        "stand=counted": ["Ada Beispiel"],
        "stand=unconfirmed": ["Bo Muster"],
        "stand=held": ["Cleo Muster"],
        "stand=kept": [],
        "stand=nonsense": ["Cleo Muster", "Bo Muster", "Ada Beispiel"],
        "fassung=1&stand=held": ["Cleo Muster"],
        "fassung=2": [],
        "fassung=99999999999999999999&vor=99999999999999999999": ["Cleo Muster", "Bo Muster", "Ada Beispiel"],
    }.items():
        moderator.open(f"{LIST}?{query}")
        assert names(moderator) == expected, query


def test_pages_follow_one_another_without_gap_or_repetition(session: Session, revision: Revision) -> None:
    session.add_all(plain_signature(revision, number) for number in range(1, 8))
    session.commit()
    seen: list[int] = []
    before: int | None = None
    while before is not None or not seen:
        found, before = oversight.page_of_signatures(session, Wanted(), before=before, size=3)
        seen += [one.id for one in found]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 7


def plain_signature(revision: Revision, number: int, name: str = "") -> Signature:
    signature = Signature(
        revision=revision,
        status="confirmed",
        address_key=f"{number:064}",
        slot=1,
        email=f"{number}@example.org",
        language="de",
        newsletter=False,
        requested_at=now(),
        confirmed_at=now(),
    )
    operations.write_entry(signature, operations.Entry(name or f"Person {number}x", show_name=True))
    return signature


def test_the_single_view_has_the_whole_proof(moderator: Browser, session: Session, ada: int) -> None:
    page = moderator.open(one(ada))
    text = page.text()
    assert "ada@example.org" in text
    assert "Ich unterzeichne (Test)." in text, "the exact wording"
    assert {"angefragt", "zugestimmt", "bestätigt"} <= set(page.texts("main td"))
    request = oversight.proof_of(session, ada)[0]
    assert str(request.optin.proof[0].token_sha256) in text
    assert next(iter(request.wordings)) in text
    assert "signatures/mail/confirm" in text


def test_looking_leaves_no_trace(moderator: Browser, session: Session, ada: int) -> None:
    moderator.open(LIST)
    moderator.open(one(ada))
    assert acts(session) == []
    assert "Wer nur nachsieht, nicht." in moderator.open(LIST).text()


def test_what_never_was_is_not_found(moderator: Browser) -> None:
    for address in (one(77), f"{one(77)}/entfernen", one(0)):
        assert moderator.open(address).status == 404


def test_held_counts_no_longer_and_released_counts_again(
    app: Flask, moderator: Browser, session: Session, ada: int
) -> None:
    moderator.open(one(ada))
    page = moderator.submit("form[action$=zurueckstellen]", reason="doubt")
    assert page.has(".tag--held")
    assert operations.tally(session) == Tally(0, 0)
    moderator.submit("form[action$=freigeben]")
    session.commit()
    assert operations.tally(session) == Tally(1, 1)
    subject = f"signature {ada}"
    assert acts(session) == [("signature.hold", subject, {"reason": "doubt"}), ("signature.release", subject, {})]
    assert mails(session)[-2:] == ["signatures/mail/held", "signatures/mail/released"]
    text = part(letters(app, session)[-2], "plain")
    assert "Es ist zweifelhaft, ob die Person selbst unterzeichnet hat." in text


def test_what_the_portal_itself_held_is_released_without_a_mail(
    moderator: Browser, session: Session, sign: Sign, confirm: Confirm
) -> None:
    """Its person was never told that it is held."""
    sign(held_reason="suspicious")
    confirm()
    before = mails(session)
    number = session.scalars(select(Signature.id)).one()
    moderator.open(one(number))
    moderator.submit("form[action$=freigeben]")
    assert mails(session) == before
    assert operations.tally(session).valid == 1


def test_holding_wants_a_reason(moderator: Browser, session: Session, ada: int) -> None:
    moderator.open(one(ada))
    for reason in ("", "suspicious", "made up"):
        fields = {**moderator.page.fields("form[action$=zurueckstellen]"), "reason": reason}
        answer = moderator.client.post(f"{one(ada)}/zurueckstellen", data=fields)
        assert answer.status_code == 422
        assert "Bitte wählen Sie einen Grund." in answer.text
    assert acts(session) == []


def test_removed_is_gone_everywhere_and_its_person_is_told_why(
    app: Flask, moderator: Browser, session: Session, ada: int
) -> None:
    """The person: the reason, the facts, that a human decided, how to object. The log: the number and the reason."""
    moderator.open(one(ada))
    moderator.follow("Unterschrift entfernen …")
    facts = "Frau Beispiel hat uns geschrieben, dass sie das nicht war."
    page = moderator.submit(reason="not_own", statement=facts)
    assert "Diese Unterschrift gibt es nicht mehr" in page.text()
    assert "Mo Probe: entfernt – Jemand hat im Namen einer anderen Person unterzeichnet." in page.text()
    session.commit()
    assert session.get(Signature, ada) is None
    assert operations.tally(session) == Tally(0, 0)
    assert acts(session) == [("signature.remove", f"signature {ada}", {"reason": "not_own", "told": 1})]
    letter = letters(app, session)[-1]
    assert letter["To"] == "ada@example.org"
    text = " ".join(part(letter, "plain").split())
    assert "Jemand hat im Namen einer anderen Person unterzeichnet." in text
    assert facts in text
    assert "Das hat ein Mensch entschieden, kein Programm." in text
    assert "nennen Sie diese Nummer" in text
    assert "http://portal.test/impressum" in text


def test_the_log_never_names_the_person(moderator: Browser, session: Session, ada: int) -> None:
    moderator.open(f"{LIST}?suche=Ada")
    export = moderator.page.fields("form.export")
    moderator.client.post(f"{LIST}/export", data=export).get_data()
    moderator.open(f"{one(ada)}/entfernen")
    moderator.submit(reason="invented", statement="Ada Beispiel gibt es nicht.")
    said = str(acts(session))
    assert "signature.export" in said
    for secret in ("Ada", "Beispiel", "ada@example.org", "Übach"):
        assert secret not in said


def test_removing_an_unconfirmed_signature_tells_nobody(moderator: Browser, session: Session, sign: Sign) -> None:
    """Its address was never confirmed: whoever reads there may never have heard of us."""
    sign()
    number = session.scalars(select(Signature.id)).one()
    before = len(mails(session))
    page = moderator.open(f"{one(number)}/entfernen")
    assert "eine weitere Mail schicken wir nicht" in page.text()
    moderator.submit(reason="invented", statement="Probe")
    assert len(mails(session)) < before, "the queued mail with the link is gone too"
    assert acts(session)[-1][2] == {"reason": "invented", "told": 0}


def test_a_legal_hold_keeps_the_row_out_of_sight(moderator: Browser, session: Session, ada: int) -> None:
    holds.place(session, "signatures", ada, "Verfahren 1", now())
    moderator.open(f"{one(ada)}/entfernen")
    page = moderator.submit(reason="unlawful", statement="Probe")
    assert page.has(".tag--kept")
    assert not page.has("main form[method=post]"), "nothing more is to be done with it"
    moderator.open(f"{LIST}?stand=kept")
    assert names(moderator) == ["Ada Beispiel"]


def test_removing_wants_reason_and_facts_and_keeps_what_was_typed(
    moderator: Browser, session: Session, ada: int
) -> None:
    moderator.open(f"{one(ada)}/entfernen")
    page = moderator.submit(statement="Schon getippt")
    assert page.status == 422
    assert page.title.startswith("Fehler: ")
    assert page.text("textarea") == "Schon getippt"
    page = moderator.submit(reason="twice", statement="")
    assert page.status == 422
    assert acts(session) == []


@pytest.mark.parametrize("act", ["zurueckstellen", "freigeben", "entfernen"])
def test_two_organisers_do_not_undo_each_other(
    office: Office, moderator: Browser, session: Session, sign: Sign, confirm: Confirm, act: str
) -> None:
    """Who decides on what has changed meanwhile sees what it is now, and nothing is done."""
    sign(held_reason="suspicious" if act == "freigeben" else None)
    confirm()
    number = session.scalars(select(Signature.id)).one()
    other = office("owner")
    fields = {"reason": "twice" if act == "entfernen" else "doubt", "statement": "Probe"}
    moderator.open(one(number) + ("/entfernen" if act == "entfernen" else ""))
    seen = moderator.page.fields(f"form[action$={act}]")
    other.open(one(number))
    if act == "freigeben":
        other.submit("form[action$=freigeben]")
    else:
        other.submit("form[action$=zurueckstellen]", reason="entry")
    done = acts(session)
    answer = moderator.client.post(f"{one(number)}/{act}", data={**seen, **fields})
    assert answer.status_code == 409
    assert "Das haben wir nicht getan" in answer.text
    assert acts(session) == done


def test_what_its_person_changes_meanwhile_is_seen_before_it_is_decided_on(
    moderator: Browser, session: Session, ada: int
) -> None:
    moderator.open(one(ada))
    fields = {**moderator.page.fields("form[action$=zurueckstellen]"), "reason": "entry"}
    signature = session.get_one(Signature, ada)
    operations.correct_signature(session, signature, operations.Entry("Ada Muster"), [], now())
    session.commit()
    assert moderator.client.post(f"{one(ada)}/zurueckstellen", data=fields).status_code == 409


def test_an_old_button_for_what_is_gone_says_so(moderator: Browser, office: Office, session: Session, ada: int) -> None:
    moderator.open(one(ada))
    fields = {**moderator.page.fields("form[action$=zurueckstellen]"), "reason": "entry"}
    other = office("owner")
    other.open(f"{one(ada)}/entfernen")
    other.submit(reason="own_wish", statement="Probe")
    answer = moderator.client.post(f"{one(ada)}/zurueckstellen", data=fields)
    assert answer.status_code == 409
    assert "Diese Unterschrift gibt es nicht mehr" in answer.text


def exported(browser: Browser, query: str = "") -> list[dict[str, str]]:
    browser.open(f"{LIST}{query}")
    answer = browser.client.post(f"{LIST}/export", data=browser.page.fields("form.export"))
    assert answer.mimetype == "text/csv"
    assert "unterzeichnende.csv" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))


def test_the_export_has_what_was_looked_for_and_no_address(
    moderator: Browser, session: Session, sign: Sign, ada: int
) -> None:
    sign("Bo Muster", "bo@example.org")
    assert [row["name"] for row in exported(moderator)] == ["Ada Beispiel", "Bo Muster"]
    rows = exported(moderator, "?stand=counted")
    assert [(row["name"], row["place"], row["shows_name"], row["shows_place"]) for row in rows] == [
        ("Ada Beispiel", "Übach", "1", "0")
    ]
    assert "@" not in str(rows)
    assert [detail for _, _, detail in acts(session)] == [{"searched": 0}, {"searched": 0, "standing": "counted"}]


def test_the_export_is_inert_in_a_spreadsheet(moderator: Browser, session: Session, revision: Revision) -> None:
    """Edge case 11."""
    session.add(plain_signature(revision, 1, "=HYPERLINK(1)"))
    (row,) = exported(moderator)
    assert row["name"] == "'=HYPERLINK(1)"


def test_the_export_comes_in_batches_and_misses_nobody(
    moderator: Browser, session: Session, revision: Revision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oversight, "BATCH", 2)
    session.add_all(plain_signature(revision, number) for number in range(1, 6))
    assert len(exported(moderator)) == 5


@pytest.mark.parametrize("path", ["/entfernen", None])
def test_removing_and_exporting_ask_for_a_fresh_login(
    moderator: Browser, session: Session, ada: int, monkeypatch: pytest.MonkeyPatch, path: str | None
) -> None:
    from portal.organisers import sessions

    moderator.open(one(ada) + (path or "") if path else LIST)
    fields = moderator.page.fields("main form[method=post]")
    monkeypatch.setattr(sessions, "is_fresh", lambda *_: False)
    if path:
        answer = moderator.client.post(f"{one(ada)}{path}", data={**fields, "reason": "twice", "statement": "Probe"})
        assert "/anmelden/erneut" in moderator.client.get(f"{one(ada)}{path}").headers["Location"]
    else:
        answer = moderator.client.post(f"{LIST}/export", data=fields)
    assert answer.status_code == 401
    assert acts(session) == []


def test_an_auditor_sees_everything_and_no_button(office: Office, ada: int) -> None:
    auditor = office("auditor")
    assert auditor.open(LIST).status == 200
    assert not auditor.page.has("main form[method=post]")
    page = auditor.open(one(ada))
    assert "ada@example.org" in page.text()
    assert not page.has("main form[method=post]")
    assert "Unterschrift entfernen …" not in page.text()


def test_an_editor_does_not_see_who_has_signed(office: Office, ada: int) -> None:
    editor = office("editor")
    assert editor.open(LIST).status == 403
    assert "Unterzeichnende" not in editor.open("/redaktion").texts(".office-nav a")


def test_the_command_is_in_the_log_too(app: Flask, session: Session, sign: Sign, confirm: Confirm) -> None:
    sign(held_reason="suspicious")
    confirm()
    number = session.scalars(select(Signature.id)).one()
    session.commit()
    assert app.test_cli_runner().invoke(args=["signatures", "release", str(number)]).exit_code == 0
    assert acts(session) == [("signature.release", f"signature {number}", {})]


def test_who_holds_a_signature_is_named_to_the_other_organisers(session: Session, ada: int, sign: Sign) -> None:
    organiser: Organiser = add_organiser(session, "moderator", name="Mo Probe")
    seen = oversight.fingerprint(session.get_one(Signature, ada))
    oversight.hold(session, ada, seen, "doubt", by=organiser.id, now=now())
    (act,) = oversight.acts_on(session, ada)
    assert act.by is organiser
    assert session.scalars(select(OutboxMail.template).order_by(OutboxMail.id.desc())).first() == "signatures/mail/held"
