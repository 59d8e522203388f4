"""How thorough a run is, and where it tells its progress."""

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The rounds of each comparison, and a folder for what the servers and databases of the run write."""

    is_quick: bool
    folder: Path
    began: float = field(default_factory=time.monotonic)

    @property
    def rounds(self) -> int:
        return 2 if self.is_quick else 7

    def tell(self, progress: str) -> None:
        """Say on standard error what is being measured."""
        print(f"{time.monotonic() - self.began:6.0f} s  {progress}", file=sys.stderr, flush=True)
