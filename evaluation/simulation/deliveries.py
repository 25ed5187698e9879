"""Frames to the files that register owners send."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd


def write_deliveries(frames: Mapping[str, pd.DataFrame], folder: Path | str) -> list[Path]:
    """Write a CSV file a register: UTF-8, commas, decimal points, ISO dates, months as yyyy-mm, empty for missing.

    Returns:
        The files, in the order of the frames: `<register>.csv`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for register, frame in frames.items():
        written = frame.assign(month=frame["month"].dt.strftime("%Y-%m")) if "month" in frame else frame
        paths.append(folder / f"{register}.csv")
        written.to_csv(paths[-1], index=False, date_format="%Y-%m-%d", encoding="utf-8")
    return paths


def until(frames: Mapping[str, pd.DataFrame], day: str) -> dict[str, pd.DataFrame]:
    """The frames as delivered when the registers end on `day` (ISO): later rows are not there, later ends not known."""
    last = pd.Timestamp(day)
    return {register: _cut(frame, last) for register, frame in frames.items()}


def _cut(frame: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    if "month" in frame:
        return frame[frame["month"] + pd.offsets.MonthEnd(0) <= last].reset_index(drop=True)
    if "end" not in frame:
        return frame
    begun = frame[frame["start"] <= last].reset_index(drop=True)
    return begun.assign(end=begun["end"].where(begun["end"] <= last))
