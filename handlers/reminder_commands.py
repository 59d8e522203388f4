"""What the command line offers about reminders: what is due, planning and sending at a given time, a pause, figures."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import click

from bot.clock import CHINA, Clock, in_china
from bot.errors import UserFault
from bot.outbox import Outbox
from bot.store.store import Store
from care import reminder_controls
from care import reminders as rows
from handlers.remind import Rounds
from handlers.reminder_facts import PlanningHouse
from handlers.replanning import walks

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]

_MOST_PASSES = 1000


def reminders_group(
    *,
    open_store: Callable[[], Store],
    rounds_of: Callable[[Store], Rounds],
    outbox_of: Callable[[Store, Clock], Outbox],
    clock: Clock,
    guard: Guard,
) -> click.Group:
    """Return the commands `reminders …`. `rounds_of` and `outbox_of` join what sends."""
    group = click.Group("reminders", help="Reminders: planned, due, sent.")

    @group.command("run")
    @click.option("--now", "moment", help="The time to work at, ISO 8601 (no offset: China's); default now.")
    @guard
    def run_command(moment: str | None) -> None:
        """Plan everything, send everything that is due, the outbox included; print one JSON line of what was done."""
        now = moment_of(moment, clock)
        with closing(open_store()) as store:
            rounds = rounds_of(store)
            done = Counter(planned=plan_all(store, rounds.house, now))
            done += run(rounds, outbox_of(store, lambda: now), now)
            with store.reading() as connection:
                paused = reminder_controls.paused_until(connection, now=now)
        click.echo(json.dumps(_line(done, now, paused=paused is not None)))

    @group.command("plan")
    @click.option("--now", "moment", help="The time to plan at, as for run.")
    @guard
    def plan_command(moment: str | None) -> None:
        """Plan the reminders of all cases, policies and children anew; print how many rows changed."""
        now = moment_of(moment, clock)
        with closing(open_store()) as store:
            click.echo(json.dumps({"planned": plan_all(store, rounds_of(store).house, now)}))

    @group.command("due")
    @click.option("--now", "moment", help="The time to look at, as for run.")
    @click.option("--hours", type=click.IntRange(0, 24 * 366), default=24, show_default=True, help="How far ahead.")
    @click.option("--limit", type=click.IntRange(1, 10000), default=100, show_default=True)
    @guard
    def due_command(moment: str | None, hours: int, limit: int) -> None:
        """List what is planned within the next hours, one JSON line each, the soonest first; no names, no texts."""
        until = moment_of(moment, clock) + timedelta(hours=hours)
        with closing(open_store()) as store, store.reading() as connection:
            found = rows.coming(connection, until=until, limit=limit)
        for row in found:
            told = {"id": row.id, "kind": row.kind, "subject": row.subject, "occurrence": row.occurrence}
            times = {"due": _shown(row.due_at), "until": _shown(row.until_at)}
            click.echo(json.dumps(told | times))

    @group.command("pause")
    @click.option("--minutes", type=click.IntRange(1, 7 * 24 * 60), default=60, show_default=True)
    @click.option("--end", is_flag=True, help="End the pause.")
    @guard
    def pause_command(minutes: int, end: bool) -> None:
        """Send no reminders for some minutes (or again, with --end)."""
        until = None if end else clock() + timedelta(minutes=minutes)
        with closing(open_store()) as store:
            store.write(lambda connection: reminder_controls.pause(connection, until=until))
        click.echo(f"no reminders until {_shown(until)}" if until else "reminders go out", err=True)

    @group.command("stats")
    @guard
    def stats_command() -> None:
        """Count the reminders by kind and state, one JSON line."""
        with closing(open_store()) as store, store.reading() as connection:
            told: dict[str, dict[str, int]] = {}
            for (kind, state), count in rows.counted(connection).items():
                told.setdefault(kind, {})[state] = count
            due = rows.due_count(connection, now=clock())
        click.echo(json.dumps({"due": due, "kinds": told}))

    return group


def run(rounds: Rounds, outbox: Outbox, now: datetime) -> Counter[str]:
    """Do rounds and empty the outbox until neither has anything to do at `now`."""
    done: Counter[str] = Counter()
    for _ in range(_MOST_PASSES):
        outbox.release_expired()
        step = rounds.until_done(now)
        tried = outbox.deliver_due()
        done += step + Counter(outbox=tried)
        if not tried and not step:
            break
    return done


def plan_all(store: Store, house: PlanningHouse, now: datetime) -> int:
    """Plan the reminders of all cases, policies and children anew, in batches; returns how many rows changed."""
    changed = 0
    for walk in walks(house, now=now):
        place = 0
        while True:
            place, more = walk.step(store, place)
            changed += more
            if not place:
                break
    return changed


def moment_of(text: str | None, clock: Clock) -> datetime:
    """Return the time an operator gave, in UTC. Raises UserFault."""
    if text is None:
        return clock()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserFault(f"--now {text}: no ISO time; write it like 2026-12-01T08:40:00+08:00") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=CHINA)
    try:
        return moment.astimezone(clock().tzinfo)
    except OverflowError as error:
        raise UserFault(f"--now {text}: out of range") from error


def _line(done: Counter[str], now: datetime, *, paused: bool) -> dict[str, Any]:
    names = ("planned", "messages", "delivered", "templates", "notices", "sms", "calls", "expired", "dropped",
             "opted_out", "put_off", "fell_through", "failed", "outbox")  # fmt: skip
    return {"now": _shown(now)} | {name: done[name] for name in names} | {"paused": paused}


def _shown(moment: datetime) -> str:
    return in_china(moment).isoformat(timespec="seconds")
