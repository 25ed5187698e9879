"""Which column of a file is which of the register: asked when nobody has said it, remembered for the register owner."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from evaluation.columns import REGISTERS
from evaluation.national_id import scrub
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action, record
from trial.audit.queue import after_commit
from trial.registers.actions import CHECK_TASK, locked_delivery, require_files, turn_down
from trial.registers.models import ColumnMapping, Delivery
from trial.registers.states import DeliveryState, next_state
from trial.studies.permissions import require

SHOWN_LETTERS = 60
Row = Sequence[str | None]


@action
def ask_for_columns(
    *,
    by: None,
    delivery: Delivery,
    missing: Sequence[str],
    header: Sequence[str],
    sample: Sequence[Row],
) -> Delivery:
    """Let the check wait until somebody says which column is which.

    `sample`: the first rows, shown without anything that may be an identity number.
    """
    locked = locked_delivery(delivery)
    if locked.state != DeliveryState.RECEIVED:
        return locked
    shown = [[None if cell is None else scrub(cell)[:SHOWN_LETTERS] for cell in row] for row in sample]
    report = {"missing": list(missing), "header": list(header), "sample": shown}
    record(by=by, verb="delivery_awaits_columns", trial=locked.trial.code, subject=str(locked.pk))
    return locked.changed(awaits_columns=True, report=report, stage="")


@action
def map_columns(*, by: User, delivery: Delivery, columns: Mapping[str, str]) -> Delivery:
    """Say which column of the file is which of the register; remembered for the same register owner.

    Args:
        columns: column of the file -> column of the register.

    Raises:
        Refusal: `not_allowed`, `wrong_delivery_state`, `destroyed`, `columns_missing`, `column_twice`.
    """
    require(by, delivery.trial, Permission.DELIVER)
    locked = locked_delivery(delivery)
    require_files(locked)
    next_state(locked.state, DeliveryState.CHECKED)
    declared = REGISTERS[locked.register]
    wanted = list(columns.values())
    if len(wanted) > len(set(wanted)):
        raise Refusal("column_twice", _("To kolonner i filen kan ikke være samme kolonne i registeret."), status=422)
    missing = [column.name for column in declared.columns if column.required and column.name not in wanted]
    if missing:
        raise Refusal(
            "columns_missing",
            _("Velg kolonner i filen for: %(columns)s") % {"columns": ", ".join(missing)},
            status=422,
        )
    ColumnMapping.objects.update_or_create(
        trial=locked.trial,
        register=locked.register,
        owner=locked.source,
        defaults={"columns": dict(columns), "decided_at": clock.now(), "decided_by": by},
    )
    locked.changed(columns=dict(columns), awaits_columns=False, attempts=0)
    record(by=by, verb="delivery_columns_mapped", trial=locked.trial.code, subject=str(locked.pk),
           columns=sorted(set(wanted)))  # fmt: skip
    after_commit(CHECK_TASK, str(locked.pk), locked.trial_id)
    return locked


@action
def choose_columns_anew(*, by: User, delivery: Delivery) -> Delivery:
    """Check the same bytes again with other columns: turn the delivery down, and receive its file once more.

    The report of the wrong choice stays; the new delivery asks for the columns, as if nothing had been remembered.

    Raises:
        Refusal: `not_allowed`, `destroyed`, `wrong_delivery_state`.
    """
    require(by, delivery.trial, Permission.DELIVER)
    require(by, delivery.trial, Permission.DECIDE_DELIVERY)
    locked = locked_delivery(delivery)
    require_files(locked)
    turn_down(locked, by, "other_columns")
    same = ("trial", "register", "source", "file_name", "size", "sha256")
    again = Delivery.objects.create(
        **{name: getattr(locked, name) for name in same}, received_at=clock.now(), received_by=by
    )
    record(by=by, verb="delivery_received", trial=again.trial.code, subject=str(again.pk), register=again.register,
           sha256=again.sha256, instead_of=str(locked.pk))  # fmt: skip
    after_commit(CHECK_TASK, str(again.pk), again.trial_id)
    return again
