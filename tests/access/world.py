"""Two trials in which every kind of thing exists, so that every address can be called for something that is there."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.allocation.trials import drawing
from tests.analyses.life import BEGINNING, FOLLOWED_UP
from tests.cast import PEOPLE, Cast, acting, new_user
from tests.factories import checked, consented, registered
from tests.journey import life
from trial.access.models import User
from trial.access.planes import maintenance
from trial.access.roles import Role
from trial.allocation.corrections import ask_correction
from trial.allocation.models import Allocation, Correction
from trial.allocation.states import CorrectionKind
from trial.analyses.models import Run
from trial.audit import clock
from trial.config.endpoints import Endpoint
from trial.enrolment.models import EligibilityCheck, Participant
from trial.followup.actions import appoint_specialist, assign, record_measure
from trial.followup.acts import ACTS
from trial.followup.models import EmploymentSpecialist, Measure
from trial.followup.scales import SCALES
from trial.monitoring.presentation import TABLES
from trial.monitoring.reports import TITLES
from trial.registers.models import Delivery
from trial.results.models import Release
from trial.studies.actions import add_member
from trial.studies.groups import give_group_role
from trial.studies.models import GroupRole, Membership, Mode, Office

MEASURES = ("end_measure", "correct", "take_back", "api_correct_measure", "api_take_back_measure")


@dataclass
class Place:
    """What is at one office: a person who was drawn and is followed, one under registration, a job specialist."""

    office: Office
    participant: Participant
    check: EligibilityCheck
    specialist: EmploymentSpecialist
    measure: Measure


@dataclass
class World:
    """A trial with deliveries, runs and results; another trial that recruits; people of both."""

    cast: Cast
    other: Cast
    places: dict[str, Place] = field(default_factory=dict)
    delivery: Delivery = field(init=False)
    run: Run = field(init=False)
    release: Release = field(init=False)
    correction: Correction = field(init=False)
    membership: Membership = field(init=False)
    group_role: GroupRole = field(init=False)
    finding: str = field(init=False)

    @property
    def users(self) -> dict[str, User]:
        """Each role, at Moss or in the whole trial, and those from elsewhere."""
        mine = {name: getattr(self.cast, name) for name in PEOPLE if name not in ("hanne", "lead")}
        theirs = {f"other_{name}": getattr(self.other, name) for name in ("lead", "kari", "analyst")}
        return {**mine, **theirs, "outsider": self.cast.outsider}

    def arguments(self, endpoint: Endpoint, office: str) -> tuple[dict[str, Any], bool]:
        """What to fill into an address's variable parts, and whether what it then names exists (at the office)."""
        place = self.places[office]
        room, _, page = endpoint.name.partition(":")
        by_name = {
            "trial": self.cast.trial.code,
            "number": {"studies": place.office.nav_office.number, "surveys": 1}.get(room, place.participant.number),
            "key": self._key(place, room, page),
            "run": self.run.pk,
            "name": {"monitoring": next(iter(TABLES))}.get(room, self.finding),
            "version": 1,
            "step": {"flow_list": "enrolled", "flow_arm_list": "allocated"}.get(page, "about"),
            "move": "start",
            "act": next(iter(ACTS)),
            "record": "measure",
            "decision": "accept",
            "scale": next(iter(SCALES)),
            "kind": next(iter(TITLES)),
            "arm": "intervention",
        }
        filled = {part: by_name.get(part) for part in endpoint.parts}
        unknown = {
            part: self._nothing(endpoint, part)
            for part, value in filled.items()
            if value is None or (f"<int:{part}>" in endpoint.path and not isinstance(value, int))
        }
        return filled | unknown, not unknown

    def _key(self, place: Place, room: str, page: str) -> Any:
        single = dict.fromkeys(MEASURES, place.measure)
        single |= {"decide": self.correction, "take_group_role": self.group_role}
        if page in single:
            return single[page].pk
        if (
            "upload" in page
            or "key_file" in page
            or (room == "followup" and page not in ("position", "colleague", "absence"))
        ):
            return None
        owners = {
            "enrolment": place.check,
            "followup": place.specialist,
            "studies": self.membership,
            "registers": self.delivery,
            "analyses": self.run,
            "results": self.release,
        }
        return getattr(owners.get(room), "pk", None)

    def _nothing(self, endpoint: Endpoint, part: str) -> Any:
        """A value of the right form that names nothing."""
        numbers = {f"<uuid:{part}>": uuid4(), f"<int:{part}>": 2**31 - 1}
        return next((value for form, value in numbers.items() if form in endpoint.path), "nothing-has-this-name")


def made() -> World:
    """Live through it all; ends with the data locked, one release let out and another one asked for."""
    with clock.simulated(BEGINNING) as time:
        draw = life.recruiting()
        cast = draw.cast
        world = World(cast, drawing("berg", mode=Mode.UNATTENDED).cast)
        registered(world.other)
        consented(world.other, by=world.other.hanne, office=world.other.hurum)
        life.recruited(draw)
        life.followed(cast)
        _hurum(world)
        for name, caseworker, specialist in (("Moss", cast.kari, cast.jon), ("Hurum", cast.hanne, None)):
            world.places[name] = _place(world, name, caseworker, specialist)
        with acting(cast.kari):
            person, kind = world.places["Moss"].participant, CorrectionKind.ENROLLED_IN_ERROR
            world.correction = ask_correction(by=cast.kari, participant=person, kind=kind, reason="Feil person.")
        with acting(cast.lead):
            world.group_role = give_group_role(by=cast.lead, trial=cast.trial, group="revisorer", role=Role.AUDITOR)
        time.set(FOLLOWED_UP)
        life.analysed(cast, life.registers(cast))
    with maintenance():
        world.membership = cast.trial.memberships.get(user=cast.jon)
        world.delivery = Delivery.objects.filter(trial=cast.trial).order_by("-received_at").first()
        world.release = Release.objects.filter(trial=cast.trial, state="released").get()
        world.run = world.release.run
        world.finding = world.release.results.filter(kind="figure").first().name  # it is a picture and a table
    return world


def _hurum(world: World) -> None:
    """A supervisor and a job specialist at the other office."""
    cast = world.cast
    for name, role in (("siri-h", Role.SUPERVISOR), ("jon-h", Role.SPECIALIST)):
        with maintenance():
            user = new_user(name, name)
        with acting(cast.lead):
            add_member(by=cast.lead, trial=cast.trial, user=user, role=role, office=cast.hurum)


def _place(world: World, name: str, caseworker: User, follows: User | None) -> Place:
    cast, office = world.cast, world.cast.offices[name]
    supervisor = cast.siri if follows else User.objects.get(username="siri-h")
    specialist_user = follows or User.objects.get(username="jon-h")
    with maintenance():
        drawn = Allocation.objects.filter(office=office, arm__code="intervention").order_by("-enrol_seq").first()
        participant = Participant.objects.get(pk=drawn.participant_id)
        post = EmploymentSpecialist.objects.filter(user=specialist_user).first()
    with acting(supervisor):
        post = post or appoint_specialist(by=supervisor, user=specialist_user, office=office, position_share=100)
        assign(by=supervisor, participant=participant, specialist=post)
    with acting(specialist_user):
        measure = record_measure(by=specialist_user, participant=participant, code="PRAKSORD", start=clock.today())
    return Place(office, participant, checked(cast, by=caseworker, office=office), post, measure)
