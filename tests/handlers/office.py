"""A desk with its worker and a platform in memory: people write and send files, chores are done, notices arrive.

Unlike `tests.service_desk` it runs on either database and fetches what people send.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from bot.messages import Inbound, Kind, Outcome, Turn
from bot.sealed_files import SealedFiles
from bot.store.store import Store
from care import media
from care.case_records import Case, all_cases, sealed_answers
from care.media import MEDIA_FOLDER, Material
from care.personal_export import EXPORT_FOLDER
from care.policy_import import DEMO_POLICIES, import_policies
from care.service_hours import ServiceHours
from care.tables import metadata
from care.workdays import WorkCalendar
from handlers.chores import Chores
from handlers.desk import Desk
from handlers.house import build_desk
from handlers.reception import Reception
from intents.router import Router
from knowledge.library import Library
from tests.bot.workplace import Workplace
from tests.clocks import FixedClock

PUBLIC_URL = "https://assistant.test"
POLICY, INSURED, LAST_FOUR = "DEMO-WX-0001", "演示甲", "0101"
VERIFYING = ("臻爱无限", POLICY, INSURED, LAST_FOUR)
# What is answered to which question of an application for the inpatient advance.
ADVANCE: Mapping[str, str] = {
    "这次是给谁办": "演示甲",
    "还是替家人办": "本人办",
    "要办哪一项": "申请住院垫付",
    "在哪家医院": "上海市测试第一人民医院",
    "二级以上的公立医院吗": "是，二级及以上公立医院",
    "确诊的是什么病": "胃恶性肿瘤",
    "第一次确诊是哪一天": "2026年9月28日",
    "哪天入院": "2026年9月30日",
    "有关吗": "都没有，是生病住院",
    "您同意我们使用吗": "同意",
    "哪个手机号": "13800138000",
}


class Office:
    """One deployment on one store. The clock moves a minute with every message."""

    def __init__(self, store: Store, clock: FixedClock, folder: Path, *, library: Library, router: Router) -> None:
        self.store, self.clock, self.folder = store, clock, folder
        self.papers = SealedFiles(folder / MEDIA_FOLDER, store.keys)
        self.copies = SealedFiles(folder / EXPORT_FOLDER, store.keys)
        import_policies(DEMO_POLICIES, store=store, products=library.handbooks, clock=clock)
        self.desk: Desk = build_desk(
            library=library, router=router, store=store, products={"demo": tuple(library.handbooks)}
        )
        self.decided: Callable[[], None] = lambda: None  # called after each decision, before its commit

        hours = ServiceHours(calendar=WorkCalendar.load())
        reception = Reception(desk=self.desk.respond, router=router, hours=hours, keys=store.keys)

        def respond(turn: Turn) -> Outcome:
            outcome = reception.respond(turn)
            self.decided()
            return outcome

        self.place = Workplace(
            store, clock, respond, while_human=reception.while_human, budget_seconds=60, files=self.papers
        )
        self.chores = Chores(
            store=store,
            papers=self.papers,
            copies=self.copies,
            fetch=lambda _, media_id: self.place.channel.fetch_media(media_id),
            public_url=PUBLIC_URL,
            clock=clock,
        )
        self._messages = itertools.count(24_000_000_000_000_000)  # as the platform numbers them

    def says(self, *texts: str, contact: str = "o-lin") -> str:
        """Take the turns of texts and return the reply to the last."""
        reply = ""
        for text in texts:
            reply = self._taken(self._message(contact, text=text))
        return reply

    def hears_twice(self, text: str, *, contact: str = "o-lin") -> list[str]:
        """Take the turn of one text that the platform delivers twice; return both replies."""
        message = self._message(contact, text=text)
        return [self._taken(message), self._taken(message)]

    def sends(self, content: bytes | None, *, contact: str = "o-lin", kind: Kind = Kind.IMAGE) -> str:
        """Take the turn of a file; without content the platform has lost it."""
        message = self._message(contact)
        media_id = f"media-{message.key}"
        if content is not None:
            self.place.channel.media[media_id] = content
        return self._taken(replace(message, kind=kind, media_id=media_id))

    def works(self) -> list[str]:
        """Do the chores and send what is due; return the texts that arrived."""
        before = len(self.place.channel.sent)
        self.chores.run()
        self.place.outbox.deliver_due()
        return [text for _, text in self.place.channel.sent[before:]]

    def verified(self, *, contact: str = "o-lin", told: tuple[str, ...] = VERIFYING) -> str:
        """Agree where that is asked, and tell product, number, name and last four digits; return what came of it."""
        reply = self.says("绑定保单", contact=contact)
        if "「同意」" in reply:
            reply = self.says("同意", contact=contact)
        product, *others = told
        return self.says(*([product] if "哪款产品" in reply else []), *others, contact=contact)

    def applies(self, *, answers: Mapping[str, str] = ADVANCE, contact: str = "o-lin") -> str:
        """Ask for the inpatient advance and answer what is asked until the summary; return it."""
        reply = self.says("我想申请住院垫付", contact=contact)
        for _ in range(20):
            asked = max(answers, key=reply.rfind)  # the open question stands last
            if asked not in reply:
                return reply
            reply = self.says(answers[asked], contact=contact)
        raise AssertionError(f"asked for ever: {reply}")

    def submitted(self, *, contact: str = "o-lin") -> Case:
        """Verify, apply and agree; return the case."""
        self.verified(contact=contact)
        self.applies(contact=contact)
        reply = self.says("确认", contact=contact)
        case = self.cases()[-1]
        assert case.number in reply
        return case

    def cases(self) -> list[Case]:
        with self.store.reading() as connection:
            return list(all_cases(connection, self.store.keys, limit=10_000))

    def copied(self, case: Case, *, times: int) -> list[str]:
        """Write more cases like one, and return their numbers."""
        table = metadata.tables["cases"]
        numbers = [f"{case.number[:-6]}{number:06}" for number in range(times)]

        def work(connection: Connection) -> None:
            row = dict(connection.execute(select(table).where(table.c.number == case.number)).one()._mapping)
            last = connection.scalar(select(func.max(table.c.id))) or 0
            for at, number in enumerate(numbers, start=last + 1):
                sealed = sealed_answers(self.store.keys, at, case.answers, case.labels)
                connection.execute(
                    insert(table).values({**row, "id": at, "number": number, "request_key": number, "answers": sealed})
                )

        self.store.write(work)
        return numbers

    def materials(self, contact_id: int = 1) -> list[Material]:
        with self.store.reading() as connection:
            return media.of_contact(connection, contact_id)

    def count(self, table: str, **where: Any) -> int:
        found = metadata.tables[table]
        wanted = select(func.count()).select_from(found).filter_by(**where)
        with self.store.reading() as connection:
            return connection.execute(wanted).scalar_one()

    def close(self) -> None:
        self.place.turns.stop(within_seconds=2)

    def _message(self, contact: str, *, text: str = "") -> Inbound:
        self.clock.move(minutes=1)
        key = str(next(self._messages))
        return Inbound(account="demo", contact=contact, key=key, kind=Kind.TEXT, sent_at=self.clock(), text=text)

    def _taken(self, message: Inbound) -> str:
        return self.place.turns.take(message).text or ""
