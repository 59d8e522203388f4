"""One start of the assistant: `python -m tests.bench.start MEMORY` prints when it was ready, and its memory."""

import json
import sys
import time
from pathlib import Path

import psutil

from handlers.respond import Assistant
from handlers.understanding import build_router
from intents.match import Context
from knowledge.library import load
from tests.bench.questions import recorded


def main(memory: Path) -> None:
    """Start, answer everything recorded (what is read from disk only when needed is needed then), and report."""
    library = load()
    assistant = Assistant(library, build_router(library, memory=memory), products={})
    context = Context(products=tuple(library.handbooks))
    assistant.discuss("等待期多久", context)
    ready_at = time.perf_counter()  # one clock for all processes of a machine
    for conversation in recorded():
        assistant.discuss(conversation[0], context)
    print(json.dumps({"ready_at": ready_at, "megabytes": psutil.Process().memory_info().rss / 1e6}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
