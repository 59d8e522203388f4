"""`flask reminders …`: results on standard output alone, one JSON line; bad input ends with 2 and one clear line."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from bot.errors import UserFault
from bot.store.store import Store
from handlers.reminder_commands import reminders_group
from knowledge.library import Library, load
from tests.clocks import FixedClock
from tests.handlers.test_reminders import Ward, appointment, china

KIND = "appointment_cancellation"


@pytest.fixture(scope="module")
def library() -> Library:
    return load()


@pytest.fixture
def ward(store: Store, clock: FixedClock, library: Library) -> Ward:
    clock.now = china("2026-11-23 10:00")
    ward = Ward(store, clock, library)
    appointment(ward)
    return ward


def refusing(command: Callable[..., Any]) -> Callable[..., Any]:
    """The guard of app.py, as far as bad input goes."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except UserFault as fault:
            click.echo(f"error: {fault}", err=True)
            raise SystemExit(2) from fault

    return run


class _Open:
    """The ward's store, which a command may close without ending it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def close(self) -> None:
        """Leave it open."""


def types(ward: Ward, *words: str) -> Result:
    group = reminders_group(
        open_store=lambda: _Open(ward.store),
        rounds_of=lambda _: ward.rounds,
        outbox_of=lambda _, clock: _at(ward, clock),
        clock=ward.clock,
        guard=refusing,
    )
    return CliRunner().invoke(group, list(words))


def _at(ward: Ward, clock: Callable[[], Any]) -> Any:
    ward.clock.now = clock()
    return ward.place.outbox


def line(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    [told] = [json.loads(line) for line in result.stdout.splitlines()]
    return dict(told)


def test_run_plans_sends_and_tells_in_one_line(ward: Ward) -> None:
    told = line(types(ward, "run", "--now", "2026-11-24T09:11:00+08:00"))
    assert (told["now"], told["messages"], told["outbox"], told["paused"]) == ("2026-11-24T09:11:00+08:00", 1, 1, False)
    assert line(types(ward, "run", "--now", "2026-11-24T09:12"))["messages"] == 0
    assert "16:00" in ward.sent[-1]


def test_a_time_without_offset_is_chinas_and_one_in_utc_the_same_moment(ward: Ward) -> None:
    told = line(types(ward, "run", "--now", "2026-11-24T01:11:00Z"))
    assert (told["now"], told["messages"]) == ("2026-11-24T09:11:00+08:00", 1)


def test_plan_tells_how_many_rows_changed(ward: Ward) -> None:
    line(types(ward, "plan"))
    assert line(types(ward, "plan")) == {"planned": 0}


def test_due_lists_what_comes_without_names_or_texts(ward: Ward) -> None:
    result = types(ward, "due", "--hours", "48")
    [told] = [row for row in map(json.loads, result.stdout.splitlines()) if row["kind"] == KIND]
    assert set(told) == {"id", "kind", "subject", "occurrence", "due", "until"}
    assert (told["due"], told["until"]) == ("2026-11-24T09:10:00+08:00", "2026-11-24T16:00:00+08:00")
    assert types(ward, "due", "--hours", "1").stdout == ""


def test_a_pause_holds_everything_back_until_it_ends(ward: Ward) -> None:
    ward.clock.now = china("2026-11-24 09:11")
    assert types(ward, "pause", "--minutes", "60").exit_code == 0
    told = line(types(ward, "run"))
    assert (told["messages"], told["paused"]) == (0, True)
    assert types(ward, "pause", "--end").exit_code == 0
    assert line(types(ward, "run"))["messages"] == 1


def test_stats_count_by_kind_and_state(ward: Ward) -> None:
    types(ward, "run", "--now", "2026-11-24T09:11")
    told = line(types(ward, "stats"))
    assert told["kinds"][KIND] == {"sent": 1}
    assert told["due"] == 0


@pytest.mark.parametrize("moment", ["morgen", "", "2026-13-01", "0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_is_none_ends_with_2_and_one_clear_line(ward: Ward, moment: str) -> None:
    result = types(ward, "run", "--now", moment)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: --now")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words", [("due", "--hours", "-1"), ("due", "--limit", "0"), ("pause", "--minutes", "0"), ("run", "--then", "x")]
)
def test_options_out_of_range_end_with_2(ward: Ward, words: tuple[str, ...]) -> None:
    assert types(ward, *words).exit_code == 2
