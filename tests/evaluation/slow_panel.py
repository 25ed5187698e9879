"""The panel by brute force: for every person and month, walk through every spell. Slow, and obvious."""

from calendar import monthrange
from datetime import date

import pandas as pd

from evaluation.codes import MEASURE_GROUPS, REDUCED_CAPACITY, measures


def slow_panel(
    participants: pd.DataFrame, registers: dict[str, pd.DataFrame], months, on, data_to, data_from=None
) -> pd.DataFrame:
    rows = []
    for person in participants.to_dict("records"):
        spells = {
            name: frame[frame["participant_number"] == person["participant_number"]].to_dict("records")
            for name, frame in registers.items()
        }
        for month in range(months[0], months[1] + 1):
            first, last = days_of_month(person["start_date"], month)
            row = {"participant_number": person["participant_number"], "month": month}
            is_covered = (data_to is None or last <= data_to) and (data_from is None or first >= data_from)
            rows.append(row | (_states(spells, first, last, on) if is_covered else {}))
    return pd.DataFrame(rows)


def days_of_month(start: pd.Timestamp, month: int) -> tuple[date, date]:
    year, place = divmod(start.year * 12 + start.month - 1 + month, 12)
    return date(year, place + 1, 1), date(year, place + 1, monthrange(year, place + 1)[1])


def in_force(spell: dict, first: date, last: date, on: str) -> bool:
    start = spell["start"].date()
    end = date(9999, 1, 1) if pd.isna(spell["end"]) else spell["end"].date()
    return start <= last <= end if on == "last_day" else start <= last and end >= first and start <= end


def _states(spells: dict, first: date, last: date, on: str) -> dict[str, float]:
    now = {name: [s for s in found if in_force(s, first, last, on)] for name, found in spells.items()}
    weekly = sum(job["full_time_hours"] * job["position_percent"] / 100 for job in now["employment"])
    employed = weekly >= 4 - 1e-9
    benefits = {s["benefit"] for s in now["benefits"]}
    groups = {measures()[s["measure"]].group for s in now["measures"]}
    studies = any(s["nus_level"] in (6, 7, 8) for s in now["education"])
    supported = bool(benefits or groups)
    states = {
        "employed": employed,
        "hours": weekly if employed else 0,
        "higher_education": studies,
        "employed_or_higher_education": employed or studies,
        "any_measure": bool(groups),
        "reduced_work_capacity": any(s["group"] in REDUCED_CAPACITY for s in now["work_capacity"]),
        "employed_only": employed and not supported,
        "none_of_these": not (employed or supported or studies),
    }
    for name, receives in {
        "aap": "AAP" in benefits,
        "disability_benefit": "UFORE" in benefits,
        "health_benefit": bool(benefits & {"AAP", "UFORE"}),
    }.items():
        states |= {
            name: receives,
            f"{name}_and_employed": receives and employed,
            f"{name}_only": receives and not employed,
        }
    states |= {group: group in groups for group in MEASURE_GROUPS}
    return {name: float(value) for name, value in states.items()}
