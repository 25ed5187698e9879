"""The researcher's key in the demonstration: made as the researcher would make it, and never given to the server."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from trial.allocation.contributions import Context, commitment_of, contribution, new_seed, party_key


@dataclass
class ResearcherKey:
    """The seed of the researcher's key file. `protocol_sha256` is known after the lock, and needed to contribute."""

    trial: str
    seed: bytes
    protocol_sha256: str = ""

    @classmethod
    def make(cls, trial: str) -> Self:
        return cls(trial, new_seed())

    @property
    def commitment(self) -> str:
        """What the protocol holds of the key."""
        return commitment_of(self.trial, self.seed)

    @cached_property
    def _party_key(self) -> bytes:
        return party_key(self.seed, protocol_sha256=self.protocol_sha256)

    def contribute(self, context: Context) -> bytes:
        """The researcher's share of one draw."""
        return contribution(self._party_key, context)

    def write(self, folder: Path) -> Path:
        """The key file that the draw room and the client read; for whoever plays the researcher."""
        path = folder / f"{self.trial}-researcher-key.json"
        folder.mkdir(parents=True, exist_ok=True)
        content = {"trial": self.trial, "party": "researcher", "seed": self.seed.hex(), "commitment": self.commitment}
        path.write_text(json.dumps(content, indent=2) + "\n")
        path.chmod(0o600)
        return path
