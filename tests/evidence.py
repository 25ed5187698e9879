"""What a long run measured, kept beside the tests: tests/evidence/NAME.json, written by the test that measured it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "evidence"


def keep(name: str, **figures: Any) -> None:
    """Keep figures under a name; the file says when and by which test, and nothing of the machine's names."""
    FOLDER.mkdir(exist_ok=True)
    content = {"measured": datetime.now(UTC).date().isoformat(), **figures}
    text = json.dumps(content, indent=2, ensure_ascii=False, sort_keys=False)
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
