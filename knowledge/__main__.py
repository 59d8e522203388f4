"""`python -m knowledge`: the check on its own, for who edits data and has no server."""

import sys
from pathlib import Path

from bot.errors import ConfigurationFault
from knowledge.check import find_faults
from knowledge.library import load


def main() -> int:
    """Print every fault to standard error; 0 when there is none."""
    texts = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    try:
        faults = find_faults(load(), texts=texts)
    except ConfigurationFault as fault:
        faults = [str(fault)]
    sys.stderr.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
