"""The production server: granian over the Flask app. Each serving process has its own app and its own worker."""

import gc
import signal
import socket
import threading
from collections.abc import Callable
from multiprocessing.util import Finalize
from typing import Any

import structlog
from granian import Granian
from granian.constants import Interfaces

from bot.logs import configure_logs, libraries_config
from bot.machine import Machine
from bot.settings import Settings
from bot.store.store import open_store

log = structlog.get_logger()

# A thread waits while its message's turn is decided and flushed: many are needed, none of them works for long.
_BLOCKING_THREADS = 32
# An open stream holds a thread for as long as its page is open: these come on top, so that webhooks never want one.
LIVE_SEATS = 32
CHAT_SEATS = 32  # the same for open web chats and files on their way up, where an account is a web chat
_KILL_AFTER_SECONDS = 9
# A turn makes thousands of objects that end with it; the default (700) looks through them several times a turn.
_OBJECTS_BEFORE_LOOKING = 20_000

WsgiApp = Callable[..., Any]


def serve(
    settings: Settings,
    create_app: Callable[[], WsgiApp],
    *,
    machine_of: Callable[[Any], Machine],
    at_end: Callable[[Any], None] = lambda _app: None,
) -> None:
    """Migrate, then serve until SIGTERM or SIGINT; returns after a clean end.

    `create_app` is called in each serving process, and the machine in the app it makes (`machine_of`) is started there.
    `at_end` is called with that app when the signal comes, before the answers under way are waited for.
    """
    configure_logs()
    open_store(settings.database_url, settings.keys).close()

    def load() -> WsgiApp:
        app = create_app()
        machine = machine_of(app)
        _settle()
        machine.start()
        _at_signal(lambda: at_end(app))
        # The server's children end without running atexit; this is what multiprocessing runs in its place.
        Finalize(machine, machine.stop, exitpriority=100)
        return app

    has_chat = any(account.channel == "web_chat" for account in settings.accounts)
    server = Granian(
        "app:create_app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_workers,
        blocking_threads=_BLOCKING_THREADS + LIVE_SEATS + (CHAT_SEATS if has_chat else 0),
        backlog=1024,
        backpressure=256,
        log_dictconfig=libraries_config(),
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL_AFTER_SECONDS,
    )
    log.info("serving", port=settings.port, processes=settings.web_workers)
    server.serve(target_loader=load, wrap_loader=False)


def _settle() -> None:
    """Spare the garbage collector what was loaded to stay: a look through all of it would hold up every answer. Pages
    that it does not write to stay shared with forks."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_LOOKING, 10, 10)


def _at_signal(tell: Callable[[], None]) -> None:
    """Call `tell` in a thread of its own when this process is told to end.

    The server sets its handlers after the app was loaded, and waits for open answers, which a stream never ends by
    itself; what Python writes to the wake-up socket at a signal comes in any case. Call it in the main thread.
    """
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)
    signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)

    def wait() -> None:
        while (number := ours.recv(1)) and number[0] not in (signal.SIGTERM, signal.SIGINT):
            pass
        tell()
        pythons.fileno()  # both ends stay open: a second signal must find its socket

    threading.Thread(target=wait, name="signals", daemon=True).start()
