"""A disk whose flush takes real time: a library loaded before the C library (Linux, needs a C compiler)."""

import shutil
import subprocess
from pathlib import Path

from tests.bench.servers import ROOT

# The team's shared source where there is one, so that its figures and ours compare; it does the same as ours.
_SOURCES = (ROOT.parent / "shared" / "bench" / "slowsync.c", Path(__file__).parent / "slowsync.c")


class NoCompiler(Exception):
    """There is no C compiler to build the library with."""


def slow_disk(folder: Path, *, microseconds: int) -> dict[str, str]:
    """Return the environment in which every flush of a process takes so much longer. Raises NoCompiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompiler("needs a C compiler (install gcc)")
    library = folder / "slowsync.so"
    source = next(path for path in _SOURCES if path.exists())
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "SLOWSYNC_US": str(microseconds)}
