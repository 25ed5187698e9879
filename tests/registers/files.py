"""Register files as text, and their way into the trial through the real actions."""

from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile

from tests.cast import Cast, acting
from tests.factories import consented
from trial.enrolment.actions import mark_enrolled
from trial.enrolment.models import Participant
from trial.registers.actions import begin_check, finish_check, receive, refuse_file
from trial.registers.checking import ColumnsUnknown, FileRefused, check
from trial.registers.mapping import ask_for_columns
from trial.registers.models import Delivery

EMPLOYMENT = "participant_number;start;end;full_time_hours;position_percent"


def employment_of(*numbers: str, start: str = "2020-01-01") -> str:
    """One ongoing job a number."""
    return "\n".join([EMPLOYMENT, *(f"{number};{start};;37.5;50" for number in numbers)]) + "\n"


def received(cast: Cast, content: str | bytes, *, register: str = "employment", name: str = "file.csv") -> Delivery:
    """A file handed in by the data manager."""
    file = ContentFile(content.encode() if isinstance(content, str) else content, name=name)
    with acting(cast.data_manager):
        return receive(by=cast.data_manager, trial=cast.trial, register=register, source="Aa-registeret", file=file)


def checked(cast: Cast, content: str | bytes, **options: str) -> Delivery:
    """A file that has been through the check, whatever came of it."""
    return check_again(cast, received(cast, content, **options))


def check_again(cast: Cast, delivery: Delivery) -> Delivery:
    """What the worker does when it is told to look at a delivery."""
    with acting(cast.data_manager):
        begun = begin_check(by=None, delivery=delivery)
        try:
            return finish_check(by=None, delivery=delivery, checked=check(begun))
        except ColumnsUnknown as unknown:
            return ask_for_columns(
                by=None, delivery=delivery, missing=unknown.missing, header=unknown.header, sample=unknown.sample
            )
        except FileRefused as refused:
            return refuse_file(by=None, delivery=delivery, code=refused.code, missing=refused.missing)


def enrolled(cast: Cast) -> Participant:
    """Someone at Moss who has consented and waits for the draw."""
    participant = consented(cast)
    with acting(cast.kari):
        return mark_enrolled(by=cast.kari, participant=participant)


def stored(name: str) -> Path:
    """Where a file of a delivery stands in the tests' folder."""
    return settings.SNAPSHOT_ROOT / name
