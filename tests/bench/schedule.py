"""How thorough a run is, and where it tells its progress."""

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The rounds of each comparison, and a folder for what the servers and databases of the run write."""

    is_quick: bool
    folder: Path

    @property
    def rounds(self) -> int:
        return 2 if self.is_quick else 7

    def tell(self, progress: str) -> None:
        """Say on standard error what is being measured."""
        print(f"… {progress}", file=sys.stderr, flush=True)
