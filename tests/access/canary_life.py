"""What canaries go through: every place on the way in and out, a caseworker's clicks and mistakes, linkage, mails."""

import io
from dataclasses import dataclass

import pyrage
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from PIL import Image, PngImagePlugin

from tests.access.canaries import WORD, Canaries
from tests.cast import Cast, acting
from tests.factories import checked, consented, registered
from tests.registers.files import checked as delivered
from tests.registers.files import employment_of
from tests.surveys.asked import asking, enrolled
from trial.audit.outbox import send_all
from trial.enrolment import pages
from trial.enrolment.actions import save_person_draft, withdraw
from trial.enrolment.scanning import add_scan
from trial.enrolment.states import Withdrawal
from trial.identity.models import Person
from trial.registers.linkage import approve_key_file, hand_out, request_key_file

HERE = "/trials/berg/participants/"


@dataclass(frozen=True)
class Desk:
    """Kari of the other trial at her browser."""

    cast: Cast
    browser: Client

    @classmethod
    def of(cls, cast: Cast) -> "Desk":
        browser = Client(raise_request_exception=False)
        browser.force_login(cast.kari)
        return cls(cast, browser)

    def post(self, path: str, **typed: str) -> bytes:
        return self.browser.post(HERE + path, typed, follow=True).content

    def get(self, path: str) -> bytes:
        return self.browser.get(HERE + path).content


def peopled(cast: Cast, people: int, canaries: Canaries) -> None:
    """Someone at every place of the way in and out, until there are as many as asked for."""
    asking(cast)
    meanings = list(Withdrawal)
    while len(canaries.let_out) < people:
        turn = len(canaries.let_out)
        with acting(cast.kari):
            if turn % 4 == 0:
                save_person_draft(by=cast.kari, check=checked(cast), person=canaries.next())
            elif turn % 4 == 1:
                registered(cast)
            else:
                participant = consented(cast)
                if turn % 4 == 3:
                    withdraw(by=cast.kari, participant=participant, meaning=meanings[turn // 4 % len(meanings)])


def clicked(cast: Cast, person: Person, known: Person) -> bytes:
    """A caseworker types, mistypes, searches, corrects, prints and meets a fault of ours. What the office saw."""
    desk = Desk.of(cast)
    typed = {"name": person.name, "national_id": person.national_id, "contact": person.contact, "go": "next"}
    step = f"new/{checked(cast).key}/person/"
    seen = desk.post(step, **typed | {"contact": f"{person.national_id} er nummeret"})
    seen += desk.post(step, **typed | {"national_id": known.national_id})
    seen += desk.post(step, **typed)
    for text in (person.name, person.national_id, WORD):
        seen += desk.post("search/", q=text)
    desk.get(f"?q={person.national_id}")
    desk.get(f"{person.national_id}/")
    participant = consented(cast)
    for path in ("correction/", "shield/", "withdrawal/", ""):
        seen += desk.get(f"{participant.number}/{path}")
    for path in ("extract.pdf", "extract.json"):
        desk.post(f"{participant.number}/{path}")
    with acting(cast.kari):
        add_scan(by=cast.kari, consent=participant.consents.get(), scan=_scan(person))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "person_rows", _fault)
        desk.get(f"{participant.number}/")
    return seen


def signed_in_wrongly(person: Person) -> None:
    """Somebody types a national id where the user name belongs, and a name where the password does."""
    for login in (person.national_id, f"{person.national_id[:6]} {person.national_id[6:]}"):
        Client().post("/account/login/", {"login": login, "password": person.name})


def told_by_programs(cast: Cast, known: Person) -> None:
    """Bodies that the API refuses: somebody in the trial already, a national id for a name, no body at all."""
    browser = Desk.of(cast).browser
    body = {"check": str(checked(cast).key), "name": known.name, "national_id": known.national_id}
    for sent in (body, body | {"name": known.national_id}, body | {"national_id": known.name}, known.name):
        answer = browser.post("/api/v1/trials/berg/participants/", sent, content_type="application/json")
        assert answer.status_code >= 400


def linked(cast: Cast, owner: pyrage.x25519.Identity) -> bytes:
    """The key file that a register owner gets, as it is downloaded."""
    with acting(cast.data_manager):
        request = request_key_file(by=cast.data_manager, trial=cast.trial, register="employment",
                                   owner="Aa-registeret", recipient=str(owner.to_public()))  # fmt: skip
    with acting(cast.lead):
        approve_key_file(by=cast.lead, request=request)
    with acting(cast.data_manager):
        return hand_out(by=cast.data_manager, request=request)


def delivered_by_mistake(cast: Cast, person: Person) -> None:
    """A register owner sends national ids where participant numbers belong."""
    delivered(cast, employment_of(person.national_id, person.name), name="file.csv")


def mailed(cast: Cast, canaries: Canaries) -> None:
    """Questionnaires by mail, and the notices that wait."""
    for _each in range(3):
        enrolled(cast, contact=canaries.let_out[-1].contact)
    call_command("surveys", stdout=io.StringIO())
    send_all()


def _scan(person: Person) -> SimpleUploadedFile:
    """A picture that tells who it is of in its file name and its metadata."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", f"{person.name} {person.national_id}")
    made = io.BytesIO()
    Image.new("RGB", (200, 300), "white").save(made, "PNG", pnginfo=info)
    return SimpleUploadedFile(f"{person.name}.png", made.getvalue())


def _fault(person: Person) -> None:
    raise RuntimeError(f"a fault of ours while {person} was shown")
