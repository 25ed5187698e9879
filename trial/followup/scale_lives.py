"""The lives of a large trial: what is recorded about its people, their specialists and their employers."""

from collections.abc import Iterator
from datetime import timedelta

from evaluation.codes import measures
from trial.followup.models import DeviationKind
from trial.followup.policies import CHECK_WEIGHTS, CODES_OF
from trial.followup.scale_parts import Person, World, at, insert
from trial.followup.scales import SE_15
from trial.followup.states import Stage

KINDS = ("meeting", "meeting", "phone", "message", "workplace", "three_way")
COUNTERPARTS = ("participant", "participant", "participant", "employer", "both", "caseworker")
OUTCOMES = ("asked", "asked", "interested", "interview", "match", "declined")
EMPLOYERS_AN_OFFICE = 20
REVIEWS_AN_OFFICE = 4
RECENTLY = 60  # days within which every other enquiry was made


def write(world: World, contacts: int) -> None:
    """Everything, the contacts last: each statement adds up anew whom it is about."""
    insert(
        "followup_assignment",
        "start end overload_reason hand_over end_reason assigned_at ended_at assigned_by_id ended_by_id office_id "
        "participant_id trial_id specialist_id",
        _assignments(world),
    )
    insert(
        "followup_stagespell",
        "stage start end moved_at moved_by_id office_id participant_id trial_id",
        _stages(world),
    )
    insert(
        "followup_measure",
        "code start end provider recorded_at office_id participant_id recorded_by_id trial_id group",
        _measures(world),
    )
    insert(
        "followup_employer",
        "organisation_number name industry place version recorded_at office_id recorded_by_id trial_id",
        _employers(world),
    )
    employers = {office.pk: list(office.employers.values_list("pk", flat=True)) for office in world.offices}
    insert(
        "followup_job",
        "kind tenths_of_hours permanent found developed start end end_reason version recorded_at employer_id "
        "office_id participant_id recorded_by_id trial_id",
        _jobs(world, employers),
    )
    insert(
        "followup_enquiry",
        "key outcome day note logged_at employer_id logged_by_id office_id participant_id trial_id",
        _enquiries(world, employers),
    )
    insert(
        "followup_contact",
        "key kind counterpart day minutes note logged_at logged_by_id office_id participant_id trial_id",
        _contacts(world, contacts),
    )
    insert(
        "followup_deviation",
        "kind found fact reason day recorded_at recorded_by_id resolved_at resolved_by_id office_id participant_id "
        "trial_id",
        _deviations(world),
    )
    insert(
        "followup_absence",
        "start end cancelled recorded_at recorded_by_id office_id specialist_id trial_id",
        _absences(world),
    )
    insert(
        "followup_fidelityreview",
        "scale day scores total reviewers remarks recorded_at office_id recorded_by_id trial_id",
        _reviews(world),
    )


def _assignments(world: World) -> Iterator[tuple]:
    for person in world.followed:
        start = min(world.today, person.drawn + world.days(12))
        ended = world.today - start > timedelta(days=400) and world.chance(0.7)
        end = start + timedelta(days=365) if ended else None
        by = world.staff.supervisors[0].pk
        yield (
            start, end, "", "", "", at(start), at(end) if end else None, by, by if end else None,
            person.office.pk, person.key, world.trial.pk, world.post(person).pk,
        )  # fmt: skip


def _stages(world: World) -> Iterator[tuple]:
    stages = list(Stage)
    for person in world.followed:
        start, reached = person.drawn, int(world.rng.integers(len(stages)))
        for number, stage in enumerate(stages[: reached + 1]):
            last = number == reached
            end = None if last else min(world.today, start + timedelta(days=30 + 10 * number))
            yield (
                stage.value, start, end, at(start), world.post(person).user_id, person.office.pk, person.key,
                world.trial.pk,
            )  # fmt: skip
            start = end or start


def _measures(world: World) -> Iterator[tuple]:
    codes = [code for code in measures().values() if code.status == "active"]
    for person in world.people:
        if world.chance(1 / 3):
            continue
        code = codes[int(world.rng.integers(len(codes)))]
        start = min(world.today, max(CODES_OF, person.drawn) + world.days(90))
        end = start + timedelta(days=20) + world.days(280)
        by = world.staff.coordinator.pk
        yield code.code, start, end, "", at(start), person.office.pk, person.key, by, world.trial.pk, code.group


def _employers(world: World) -> Iterator[tuple]:
    numbers = _organisation_numbers(EMPLOYERS_AN_OFFICE * len(world.offices))
    by = world.staff.coordinator.pk
    for place, number in enumerate(numbers):
        office = world.offices[place % len(world.offices)]
        yield number, f"Bedrift {number}", "Handel", "Oslo", 1, world.now, office.pk, by, world.trial.pk


def _jobs(world: World, employers: dict[int, list[int]]) -> Iterator[tuple]:
    for person in world.followed:
        if world.chance(2 / 3):
            continue
        start = min(world.today, person.drawn + timedelta(days=20) + world.days(280))
        kind = ("ordinary", "subsidised", "practice")[int(world.rng.integers(3))]
        yield (
            kind, 225, "t" if world.chance(0.5) else "f", "specialist", "f", start, None, "", 1, at(start),
            _any(world, employers[person.office.pk]), person.office.pk, person.key, world.post(person).user_id,
            world.trial.pk,
        )  # fmt: skip


def _enquiries(world: World, employers: dict[int, list[int]]) -> Iterator[tuple]:
    for person in world.followed:
        for _enquiry in range(int(world.rng.integers(0, 5))):
            long_ago = RECENTLY if world.chance(0.5) else (world.today - person.drawn).days + 1
            day = max(person.drawn, world.today - world.days(long_ago))
            outcome = OUTCOMES[int(world.rng.integers(len(OUTCOMES)))]
            yield (
                world.key(), outcome, day, "", at(day), _any(world, employers[person.office.pk]),
                world.post(person).user_id, person.office.pk, person.key, world.trial.pk,
            )  # fmt: skip


def _contacts(world: World, number: int) -> Iterator[tuple]:
    followed = world.followed
    who = world.rng.integers(0, len(followed), number)
    kinds, minutes = world.rng.integers(0, len(KINDS), number), world.rng.integers(5, 90, number)
    when = world.rng.random(number)
    for place in range(number):
        person = followed[who[place]]
        day = person.drawn + timedelta(days=int(when[place] * ((world.today - person.drawn).days + 1)))
        kind = kinds[place]
        yield (
            world.key(), KINDS[kind], COUNTERPARTS[kind], day, int(minutes[place]), "", at(day),
            world.post(person).user_id, person.office.pk, person.key, world.trial.pk,
        )  # fmt: skip


def _deviations(world: World) -> Iterator[tuple]:
    """One of ten people has one; half of them are explained."""
    kinds = [kind.value for kind in DeviationKind]
    by = world.staff.coordinator.pk
    for person in world.people:
        if not world.chance(0.1):
            continue
        kind, day = kinds[int(world.rng.integers(len(kinds)))], person.drawn + timedelta(days=8)
        why = ("Drøftet med kontoret", at(world.today), by) if world.chance(0.5) else ("", None, None)
        yield kind, "t", "", why[0], min(day, world.today), at(day), None, *why[1:], *_whose(world, person)


def _whose(world: World, person: Person) -> tuple:
    return person.office.pk, person.key, world.trial.pk


def _absences(world: World) -> Iterator[tuple]:
    for post in world.staff.specialists:
        if world.chance(0.1):
            yield (
                world.today - world.days(10), world.today + world.days(30), "f", world.now, post.user_id,
                post.office_id, post.pk, world.trial.pk,
            )  # fmt: skip


def _reviews(world: World) -> Iterator[tuple]:
    by = world.staff.coordinator.pk
    for office in world.offices:
        for half_year in range(REVIEWS_AN_OFFICE):
            scores = {item.code: int(world.rng.integers(2, 6)) for item in SE_15.items}
            day = world.today - timedelta(days=182 * half_year)
            kept = "{" + ", ".join(f'"{code}": {score}' for code, score in scores.items()) + "}"
            total = sum(scores.values())
            yield SE_15.code, day, kept, total, "To vurderere", "", world.now, office.pk, by, world.trial.pk


def _any(world: World, keys: list[int]) -> int:
    return keys[int(world.rng.integers(len(keys)))]


def _organisation_numbers(number: int) -> list[str]:
    """Numbers that pass the check: eight digits and the ninth that fits them."""
    found: list[str] = []
    stem = 80_000_000
    while len(found) < number:
        digits = [int(digit) for digit in str(stem)]
        check = (11 - sum(weight * digit for weight, digit in zip(CHECK_WEIGHTS, digits, strict=True)) % 11) % 11
        if check < 10:
            found.append(f"{stem}{check}")
        stem += 1
    return found
