"""Nobody's name or national id leaves the identity plane: 200 known people are looked for in all that does.

They go every way that people go, by clicks as well as by actions, mistakes and faults included; then answers, logs,
mails, files, the broker and every table are searched. Each kind of output has its control: put there, they are found.
"""

import base64
import gzip
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pandas as pd
import pyrage
import pytest
import structlog
from django.conf import settings
from django.core import mail
from django.db import connection, transaction

from tests import factories
from tests.access import canary_life, leaving
from tests.access.canaries import Canaries
from tests.access.world import made
from tests.analyses.life import FOLLOWED_UP
from tests.cast import PEOPLE
from tests.databases import database_copy
from tests.worker import forget_messages
from trial.access.planes import maintenance
from trial.access.roles import ROLES
from trial.audit import clock
from trial.audit.queue import send
from trial.enrolment.documents import Document, pdf_of
from trial.identity.models import Person

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("canaries")]
READERS = [name for name, (_label, role, _office) in PEOPLE.items() if not ROLES[role].at_office]
FOLDERS = ("SNAPSHOT_ROOT", "UPLOAD_ROOT", "WORK_ROOT")
KINDS = ["answers", "log", "security log", "mails", "files", "broker", "tables", "key file"]


@dataclass
class Scene:
    """The canaries, what was searched and what was found there, by kind of output."""

    canaries: Canaries
    owner: pyrage.x25519.Identity = field(default_factory=pyrage.x25519.Identity.generate)
    searched: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    found: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    at_the_office: bytes = b""
    key_file: bytes = b""

    def search(self, kind: str, outputs: Iterable[tuple[str, bytes]]) -> None:
        for where, content in outputs:
            self.searched[kind] += len(content)
            self.found[kind] += self.canaries.found_in(content, where)


@pytest.fixture(scope="module", params=[200, pytest.param(1000, marks=pytest.mark.nightly)])
def scene(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    django_db_blocker: object,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    canaries = Canaries()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(factories, "synthetic_person", canaries.next)
        for folder in FOLDERS:
            patch.setattr(settings, folder, tmp_path_factory.mktemp("canaries") / folder.lower())
        patch.setattr(mail, "outbox", [], raising=False)
        with django_db_blocker.unblock(), database_copy("canaries"):  # type: ignore[attr-defined]
            yield _lived(Scene(canaries), request.param)
            forget_messages()


def _lived(scene: Scene, people: int) -> Scene:
    canaries = scene.canaries
    with leaving.heard() as heard:
        world = made()
        with clock.simulated(FOLLOWED_UP):
            canary_life.peopled(world.other, people, canaries)
            known = canaries.let_out[0]
            scene.at_the_office = canary_life.clicked(world.other, canaries.next(), known)
            canary_life.signed_in_wrongly(known)
            canary_life.told_by_programs(world.other, known)
            canary_life.delivered_by_mistake(world.other, known)
            canary_life.mailed(world.other, canaries)
            scene.key_file = canary_life.linked(world.other, scene.owner)
            read: set[tuple[str, ...]] = set()
            for name in READERS:
                scene.search("answers", leaving.answers_to(world, getattr(world.cast, name), read))
    scene.search("key file", [("key file", scene.key_file)])
    for kind, written in heard.items():
        scene.search(kind, ((f"{kind}: {line}", line.encode()) for line in written.getvalue().splitlines()))
    for kind, outputs in (("mails", leaving.mails), ("files", leaving.files), ("broker", leaving.messages)):
        scene.search(kind, outputs())
    scene.search("tables", leaving.tables())
    return scene


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_found_in(scene: Scene, kind: str) -> None:
    assert scene.searched[kind] > 0
    assert scene.found[kind] == []


def test_there_are_as_many_people_as_asked_for(scene: Scene) -> None:
    with maintenance(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM identity_identityrecord")
        assert cursor.fetchone()[0] >= 200
    assert len({person.national_id for person in scene.canaries.let_out}) == len(scene.canaries.let_out)


def test_control_the_own_office_is_shown_them(scene: Scene) -> None:
    assert len(scene.canaries.found_in(scene.at_the_office, "the office")) == 2


def test_control_the_register_owner_finds_them_in_the_key_file(scene: Scene) -> None:
    assert scene.canaries.found_in(pyrage.decrypt(scene.key_file, [scene.owner]), "opened") == ["opened: a national id"]


def _zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", content)
    return packed.getvalue()


def _parquet(text: str) -> bytes:
    made_of = io.BytesIO()
    pd.DataFrame({"note": [text]}).to_parquet(made_of)
    return made_of.getvalue()


def _pdf(text: str) -> bytes:
    return pdf_of(Document(title="Rapport", language="nb", lead=text, sections=[], footer=""))


@pytest.mark.parametrize(
    "packed",
    [
        lambda person: person.name.encode(),
        lambda person: person.name.upper().encode(),
        lambda person: f"nr. {person.national_id[:6]} {person.national_id[6:]}.".encode(),
        lambda person: person.name.encode("utf-16"),
        lambda person: person.national_id.encode().hex().encode(),
        lambda person: base64.b64encode(f"nummeret er {person.national_id}.".encode()),
        lambda person: gzip.compress(person.name.encode()),
        lambda person: _zipped(_zipped(person.national_id.encode())),
        lambda person: _parquet(person.name),
        lambda person: _pdf(person.name),
    ],
    ids=["plain", "capitals", "spaced", "utf-16", "hex", "base64", "gzip", "zip in zip", "parquet", "pdf"],
)
def test_control_however_it_is_packed_it_is_found(packed: object) -> None:
    canaries = Canaries()
    person = canaries.next()
    assert canaries.found_in(packed(person), "control") != []  # type: ignore[operator]
    other = Person(name="Kari Nordmann", national_id="13097248022")
    assert canaries.found_in(packed(other), "control") == []  # type: ignore[operator]


class TestControlAtEachOutput:
    """What the house would have written, had it been careless."""

    @pytest.fixture
    def bird(self, scene: Scene) -> Person:
        return scene.canaries.let_out[7]

    def test_a_name_in_a_log_line(self, scene: Scene, bird: Person) -> None:
        with leaving.heard() as heard:
            structlog.get_logger("trial").warning("noe gikk galt", hvem=bird.name)
        assert scene.canaries.found_in(heard["log"].getvalue(), "log") != []

    def test_a_national_id_in_a_column(self, scene: Scene, bird: Person) -> None:
        with transaction.atomic(), maintenance(), connection.cursor() as cursor:
            cursor.execute("CREATE TABLE careless (note text, content bytea)")
            cursor.execute("INSERT INTO careless VALUES (%s, %s)", [bird.national_id, bird.name.encode()])
            hits = [hit for where, dump in leaving.tables() for hit in scene.canaries.found_in(dump, where)]
            transaction.set_rollback(True)
        assert hits == ["table careless: a national id", "table careless: encoded"]

    def test_a_name_as_an_argument_of_a_task(self, scene: Scene, bird: Person) -> None:
        send("trial.audit.tasks.send_notices", bird.name)
        hits = [hit for where, message in leaving.messages() for hit in scene.canaries.found_in(message, where)]
        forget_messages()
        assert hits != []

    def test_a_name_in_a_mail(self, scene: Scene, bird: Person, mailoutbox: list[mail.EmailMessage]) -> None:
        mail.send_mail("Spørreskjema", f"Hei {bird.name}!", None, [bird.contact])
        assert [hit for where, text in leaving.mails() for hit in scene.canaries.found_in(text, where)] != []

    def test_a_national_id_in_a_file(self, scene: Scene, bird: Person) -> None:
        path = settings.SNAPSHOT_ROOT / "careless.parquet"
        path.write_bytes(_parquet(bird.national_id))
        hits = [hit for where, content in leaving.files() for hit in scene.canaries.found_in(content, where)]
        path.unlink()
        assert hits != []
