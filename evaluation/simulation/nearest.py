"""Of several draws of a trial, for each arm the one whose table 2 lies nearest to what is expected of it."""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from evaluation.simulation import margins
from evaluation.simulation.joint import ACTIVITIES, LAST_TOTAL, STUDY, Tables
from evaluation.simulation.latent import Floats, Groups
from evaluation.simulation.states import START, States

AFTER = slice(START + 1, START + 1 + LAST_TOTAL)
CELLS = (3, 2, ACTIVITIES)  # benefit, employed, activity
WEEKLY = np.array([full_time * percent / 100 for full_time, percent in margins.POSITIONS])


def nearest(candidates: Sequence[States], arm: Groups, tables: Tables) -> States:
    """For each arm the candidate with the smallest sum of squared distances from the expected means, put together.

    The means are months of 36 by state, and weekly hours: the outcomes of table 2.
    """
    chosen = np.zeros(len(arm), dtype=np.int64)
    for one in np.unique(arm):
        expected, members = _expected(tables, int(one)), arm == one
        gaps = [((_realised(states, members) - expected) ** 2).sum() for states in candidates]
        chosen[members] = int(np.argmin(gaps))
    persons = np.arange(len(arm))
    parts = {
        part.name: np.stack([getattr(states, part.name) for states in candidates])[chosen, persons]
        for part in fields(States)
    }
    return States(**parts)


def _expected(tables: Tables, arm: int) -> Floats:
    joint = tables.joint[arm, AFTER]
    hours = (joint[:, :, 1].sum(axis=-1) * (tables.positions[arm, AFTER] @ WEEKLY)).sum(axis=1).mean()
    return _outcomes(joint.mean(axis=0), float(hours))


def _realised(states: States, members: Groups) -> Floats:
    parts = [part[members, AFTER].astype(np.int64) for part in (states.benefit, states.employed, states.activity)]
    counts = np.bincount(np.ravel_multi_index(parts, CELLS).ravel(), minlength=int(np.prod(CELLS)))
    hours = WEEKLY[states.position[members, AFTER]] * states.employed[members, AFTER]
    return _outcomes(counts.reshape(CELLS) / counts.sum(), float(hours.mean()))


def _outcomes(cells: Floats, hours: float) -> Floats:
    """Months of 36 and weekly hours, from the shares of all person-months in each joint state."""
    idle, working = cells[:, 0], cells[:, 1]
    shares = [
        working.sum(),
        cells[1].sum(),
        cells[2].sum(),
        working[1].sum(),
        working[2].sum(),
        cells[..., 1:STUDY].sum(),
        working[0, [0, STUDY]].sum(),
        idle[0, 0],
        idle[:, STUDY].sum(),
    ]
    return np.append(np.array(shares) * LAST_TOTAL, hours)
