"""What an auditor gets of an opened trial: the files, the verifier, a guide; and the verifier's word on them."""

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.template.loader import render_to_string

from trial.access.models import User
from trial.access.planes import entered
from trial.allocation import verify
from trial.allocation.models import Witness
from trial.allocation.queries import DRAW, anchors_of, bundle_of, checkpoints_of, locked_protocol, statement_of
from trial.allocation.witnesses import stamped_text
from trial.studies.models import Trial


@dataclass(frozen=True)
class Verdict:
    """The verifier's findings (none: everything holds), what it looked at, and how long it took in seconds."""

    findings: list[str]
    allocations: int
    leaves: int
    checkpoints: int
    receipts: int
    seconds: float


def verdict_on(trial: Trial) -> Verdict:
    """Run the verifier on the two files as they are handed out.

    Raises:
        Refusal: `not_opened`.
    """
    bundle, anchors = bundle_of(trial), anchors_of(trial)
    begun = time.monotonic()
    findings = list(verify.findings(bundle, anchors))
    return Verdict(
        findings=findings,
        allocations=sum(leaf["type"] == "ALLOC" for leaf in bundle["leaves"]),
        leaves=len(bundle["leaves"]),
        checkpoints=len(anchors["checkpoints"]),
        receipts=len(anchors["receipts"]),
        seconds=round(time.monotonic() - begun, 2),
    )


def parcel_of(user: User, trial: Trial) -> bytes:
    """A zip of bundle.json, anchors.json, checkpoints.json (signed), time stamps, verify.py and the auditor's guide.

    Raises:
        Refusal: `not_allowed`, `not_opened`.
    """
    documents = {
        "bundle.json": bundle_of(trial),
        "anchors.json": anchors_of(trial),
        "checkpoints.json": [statement_of(each) for each in checkpoints_of(user, trial)],
    }
    guide = {"trial": trial, "protocol": locked_protocol(trial), "sizes": _sizes(documents)}
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as parcel:
        for name, content in documents.items():
            parcel.writestr(name, json.dumps(content, ensure_ascii=False, indent=1))
        parcel.write(verify.__file__, "verify.py")
        for name, stamp in _stamps(trial):
            parcel.writestr(name, stamp)
        parcel.writestr("guide.html", render_to_string("allocation/guide.html", guide))
    return packed.getvalue()


def _stamps(trial: Trial) -> Iterator[tuple[str, bytes]]:
    """Each time-stamped checkpoint, as the bytes that were stamped, and its stamp."""
    with entered(DRAW):
        for witness in Witness.objects.filter(trial=trial, kind="timestamp").select_related("checkpoint__trial"):
            name = f"checkpoint-{witness.checkpoint.size}"
            yield f"{name}.json", stamped_text(witness.checkpoint)
            yield f"{name}.tsr", bytes(witness.evidence)


def _sizes(documents: dict[str, Any]) -> dict[str, int]:
    return {
        "leaves": len(documents["bundle.json"]["leaves"]),
        "checkpoints": len(documents["checkpoints.json"]),
        "receipts": len(documents["anchors.json"]["receipts"]),
    }
