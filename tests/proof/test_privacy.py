"""After many applications nothing of people lies in clear: not in the database, the media folder or the logs."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.logs import configure_logs
from bot.messages import Kind
from bot.store.store import Store
from care import audit
from care.every_table import metadata
from care.policy_import import import_policies
from care.workdays import WorkCalendar
from handlers.case_moves import CaseMover
from knowledge.library import Library
from tests import traces
from tests.assistants import PRODUCTS
from tests.care import papers, policy_files
from tests.care.policies_told import identity
from tests.handlers.office import ADVANCE, Office

WORDS = "赵钱孙李周吴郑冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜谢邹喻柏水窦章云苏潘葛奚范彭郎"


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """One made-up person, and what of them may be found nowhere."""

    number: int
    name: str
    identity: str
    phone: str
    called_at: str
    contact: str
    hospital: str

    @property
    def policy(self) -> str:
        return f"TRACE-{self.number:07d}"

    @property
    def marks(self) -> tuple[str, ...]:
        return (self.identity, self.phone, self.called_at, self.contact, self.policy, self.secret)

    @property
    def secret(self) -> str:
        return f"secret-paper-{self.number:05d}"

    def row(self) -> dict[str, str]:
        birth = date(1985, 1 + self.number % 12, 1 + self.number % 28)
        return policy_files.row(
            self.number,
            policy_no=self.policy,
            product=PRODUCTS[0],
            plan="",
            holder_name=self.name,
            holder_id_no=self.identity,
            holder_phone=self.phone,
            insured_name=self.name,
            insured_id_no=self.identity,
            insured_birth=birth.isoformat(),
            insured_sex="F",
            relation="self",
        )


def applicants(count: int, chance: random.Random) -> Iterator[Applicant]:
    for number in range(count):
        birth = date(1985, 1 + number % 12, 1 + number % 28)
        yield Applicant(
            number=number,
            name="".join(chance.sample(WORDS, 3)),
            identity=identity(birth, sex="F", serial=number % 499),
            phone=f"19{chance.randrange(10**9):09d}",
            called_at=f"13{chance.randrange(10**9):09d}",
            contact=f"o{chance.randrange(36**12):024d}",
            hospital=f"上海市{''.join(chance.sample(WORDS, 4))}医院",
        )


def live(office: Office, one: Applicant) -> None:
    """Let a person ask, mistype, verify, apply, send papers, ask for their case."""
    say = one.contact
    office.says("臻爱无限住院垫付等待期多久", contact=say)
    office.verified(contact=say, told=("臻爱无限", one.policy, one.name, "0000"))
    assert "核对好了" in office.says(one.policy, one.name, one.phone[-4:], contact=say)
    answers = {**ADVANCE, "在哪家医院": one.hospital, "哪个手机号": one.called_at}
    assert "确认" in office.applies(answers=answers, contact=say)
    assert "受理号" in office.says("确认", contact=say)
    office.sends(papers.pdf(f"({one.secret})".encode()), contact=say, kind=Kind.FILE)
    office.says("病历", contact=say)
    office.sends(f"MZ {one.secret}".encode(), contact=say)
    office.says("2", contact=say)
    office.says("我的申请到哪了", contact=say)
    if one.number % 10 == 0:
        office.says("导出我的信息", contact=say)


def worked_on(office: Office, library: Library, people: list[Applicant]) -> None:
    """Fetch the papers, and move the cases with a note that names the person."""
    while office.count("materials", state="wanted"):
        office.works()
    mover = CaseMover(library=library, keys=office.store.keys, calendar=WorkCalendar.load(), actor="user:manager")
    for case, one in zip(office.cases(), people, strict=True):
        to = library.handbooks[case.product].flows[case.service].step(case.step).next[0]
        note = f"已打电话给{one.name}，{one.called_at}"
        office.store.write(
            lambda connection, case=case, to=to, note=note: mover.move(
                connection, case.number, to, now=office.clock(), note=note
            )
        )
    office.works()


def database(store: Store, folder: Path) -> bytes:
    """Return everything that the database holds: SQLite's files, or every value of PostgreSQL."""
    if store.embedded:
        return b"\0".join(path.read_bytes() for path in sorted(folder.glob("assistant.db*")))
    values: list[bytes] = []
    with store.reading() as connection:
        for name in metadata.tables:
            for row in connection.execute(text(f'SELECT * FROM "{name}"')):
                values += [one if isinstance(one, bytes) else str(one).encode() for one in row if one is not None]
    return b"\0".join(values)


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("count", [20, pytest.param(1000, marks=pytest.mark.proof)])
def test_nothing_of_people_lies_in_clear(
    office: Office, library: Library, tmp_path: Path, capfd: pytest.CaptureFixture[str], count: int
) -> None:
    configure_logs("DEBUG")
    people = list(applicants(count, random.Random(count)))
    file = policy_files.write(tmp_path / "policies.csv", [one.row() for one in people])
    taken = import_policies(file, store=office.store, products=library.handbooks, clock=office.clock)
    assert taken.refused == 0
    file.unlink()
    for one in people:
        live(office, one)
    worked_on(office, library, people)
    logged = capfd.readouterr()
    configure_logs("WARNING")

    assert office.count("cases") == count
    assert office.count("materials", state="kept") == count
    known = {"names": {one.name for one in people}, "marks": {mark for one in people for mark in one.marks}}
    stored = database(office.store, tmp_path)
    assert b"inpatient-advance" in stored
    assert len(stored) > 10_000 * count
    assert traces.traces(stored, **known) == []
    files = traces.of_folder(tmp_path / "media") + traces.of_folder(tmp_path / "exports")
    assert files.count(b"SF1") >= count
    assert traces.traces(files, **known) == []
    assert traces.traces((logged.out + logged.err).encode(), **known) == []
    with office.store.reading() as connection:
        assert audit.verify(connection, office.store.keys) is None
    print(f"{count} applications: {len(stored):,} bytes stored, {len(files):,} of papers, {len(logged.err):,} logged")


def test_the_search_finds_what_it_looks_for() -> None:
    """A proof that finds nothing proves nothing unless it would have found something."""
    known = {"names": {"赵钱孙"}, "marks": {"13800138000"}}
    noise = random.Random(7).randbytes(200_000)
    assert traces.traces(noise, **known) == []
    for written in ("赵钱孙", "您好，请问您要办什么", "13800138000", "x13800138000y"):
        assert traces.traces(noise + written.encode() + noise, **known)
    assert traces.traces(noise + ascii("您好").encode() + noise, **known)
    assert traces.traces(noise + "13800138000".encode("utf-16-le") + noise, **known)
