"""`python -m evaluation simulate --like seklar`: deliveries of a trial that nobody has been in."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from evaluation.errors import EvaluationError
from evaluation.simulation import simulate_proba, simulate_seklar, write_deliveries, write_national
from evaluation.terminal import show_progress

Rows = dict[Path, int]


def write_simulated(options: argparse.Namespace) -> Rows:
    """Write the deliveries that the options ask for: file -> rows.

    Raises:
        EvaluationError: `seed_missing`, `not_simulated` when the options do not go together.
    """
    if options.seed is None:
        raise EvaluationError("seed_missing", "simulated deliveries need a --seed, so that they can be made again")
    try:
        return _KINDS[options.like](options)
    except ValueError as error:
        raise EvaluationError("not_simulated", str(error)) from error


def _seklar(options: argparse.Namespace) -> Rows:
    if options.persons:
        raise EvaluationError("not_simulated", "a trial like SE-KLAR has 268 persons; --like national has more")
    frames = simulate_seklar(
        seed=options.seed, effect=options.effect, exact_baseline=options.exact, balanced=options.exact
    )  # fmt: skip
    return dict(zip(write_deliveries(frames, options.out), map(len, frames.values()), strict=True))


def _proba(options: argparse.Namespace) -> Rows:
    persons = {"persons": options.persons} if options.persons else {}
    frames = simulate_proba(seed=options.seed, effect=options.effect, **persons)
    return dict(zip(write_deliveries(frames, options.out), map(len, frames.values()), strict=True))


def _national(options: argparse.Namespace) -> Rows:
    paths = write_national(
        options.out,
        persons=options.persons or 1_000_000,
        seed=options.seed,
        effect=options.effect,
        progress=lambda done, persons: show_progress(done, persons, "persons"),
    )
    return {path: pq.read_metadata(path).num_rows for path in paths.values()}


_KINDS: Final[dict[str, Callable[[argparse.Namespace], Rows]]] = {
    "seklar": _seklar,
    "proba": _proba,
    "national": _national,
}
KINDS: Final = tuple(_KINDS)
