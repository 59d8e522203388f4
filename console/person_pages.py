"""The page of one person, and what is done there: unlocking, reminders, a child's doses, photos without a case."""

from collections.abc import Callable
from datetime import date

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection, select

from bot.store.schema import contacts
from care import audit
from care.child import Dose
from care.media import material
from care.vaccination.rule_files import load as load_programme
from care.workdays import WorkCalendar
from console.case_pages import Page
from console.joined_card import account_names
from console.office import Office
from console.paper_pages import file_answer
from console.person_view import REMINDER_STATES, People, PersonView
from console.rights import DESK, READERS, allowed, audited, current_user
from console.sight import products_seen
from console.wordings import day_and_time
from handlers.case_work import Refused
from handlers.parting import part
from handlers.person_care import PersonWorker
from handlers.reminder_kind import kind_title

_DONE = {
    "unlocked": "已解除锁定，客户现在可以重新核对。",
    "stopped": "不再发送。",
    "resumed": "提醒恢复了。",
    "skipped": "这一条不发了。",
    "sent-now": "马上发送。客户的窗口或免打扰时段不允许时，会换一种方式或稍后再发。",
    "confirmed": "已核对。",
    "added": "已记下。",
    "dropped": "已去掉。",
    "parted": "已分开，两边都告诉了客户。保单、申请各回各的账号。",
}


class PersonDesk:
    """What the pages of a person need to act: each act in a transaction, by the current user."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.people = People(office)
        self._calendar = WorkCalendar.load()

    def worker(self) -> PersonWorker:
        """Return the current user as one who looks after people."""
        return PersonWorker(
            library=self.office.library,
            keys=self.office.store.keys,
            calendar=self._calendar,
            actor=current_user().actor,
        )

    def page(
        self, contact_id: int, *, wrong: str = "", done: str = "", is_revealed: bool = False, code: int = 200
    ) -> Page:
        """Return the page of a person; reading it is audited."""
        with self.office.store.reading() as connection:
            shown = self.people.find(connection, contact_id, products=products_seen(), is_revealed=is_revealed)
        if shown is None:
            abort(404)
        subject, who = f"contact:{contact_id}", current_user().actor
        if is_revealed:
            keys, now, fields = self.office.store.keys, self.office.clock(), ("policies", "identity numbers", "phones")
            self.office.store.write(
                lambda connection: audit.reveal(connection, keys, actor=who, subject=subject, fields=fields, now=now)
            )
        else:
            audited(self.office, "person read", subject)
        text = render_template(
            "console/person.html",
            one=shown,
            wrong=wrong,
            done=_DONE.get(done, done),
            kind_title=kind_title,
            reminder_states=REMINDER_STATES,
            vaccines={product.code: product.name for product in load_programme().products.values()},
            today=self.office.clock().date().isoformat(),
        )
        return text, code

    def act(self, contact_id: int, done: str, work: Callable[[PersonWorker, Connection], object]) -> Page:
        """Do something for a person and show the page again."""
        worker = self.worker()
        with self.office.store.reading() as connection:
            if connection.execute(select(contacts.c.id).where(contacts.c.id == contact_id)).first() is None:
                abort(404)
        try:
            self.office.store.write(lambda connection: work(worker, connection))
        except Refused as fault:
            return self.page(contact_id, wrong=fault.say, code=409)
        self.office.wake()
        return redirect(url_for("console.people.person", contact_id=contact_id, done=done))


def card_of(office: Office) -> Callable[[int], PersonView | None]:
    """Return what a template calls to show a person's card beside something else; each reading is audited."""
    people = People(office)

    def card(contact_id: int) -> PersonView | None:
        with office.store.reading() as connection:
            found = people.find(connection, contact_id, products=products_seen())
        if found is not None:
            audited(office, "person read", f"contact:{contact_id}")
        return found

    return card


def person_pages(office: Office) -> Blueprint:
    """Return the pages under `/people/<contact>`."""
    pages = Blueprint("people", __name__)
    desk, clock = PersonDesk(office), office.clock

    @pages.get("/people/<int:contact_id>")
    @allowed(*READERS)
    def person(contact_id: int) -> Page:
        return desk.page(contact_id, done=request.args.get("done", "") if request.args.get("done") in _DONE else "")

    @pages.post("/people/<int:contact_id>/reveal")
    @allowed(*DESK)
    def reveal(contact_id: int) -> Page:
        return desk.page(contact_id, is_revealed=True)

    @pages.post("/people/<int:contact_id>/unlock")
    @allowed(*DESK)
    def unlock(contact_id: int) -> Page:
        return desk.act(contact_id, "unlocked", lambda one, connection: one.unlock(connection, contact_id, now=clock()))

    @pages.post("/people/<int:contact_id>/joined/<int:other>/part")
    @allowed(*DESK)
    def part_from(contact_id: int, other: int) -> Page:
        if request.form.get("sure") != "yes":
            return desk.page(contact_id, wrong="请先勾选“已和客户核实”，再分开。", code=409)
        names = account_names(office)
        return desk.act(
            contact_id,
            "parted",
            lambda one, connection: part(connection, one, contact_id, other, names=names, now=clock()),
        )

    @pages.post("/people/<int:contact_id>/reminders/stop")
    @allowed(*DESK)
    def stop(contact_id: int) -> Page:
        kind = request.form.get("kind", "")
        return desk.act(
            contact_id,
            "stopped",
            lambda one, connection: one.stop_reminders(connection, contact_id, kind, now=clock()),
        )

    @pages.post("/people/<int:contact_id>/reminders/resume")
    @allowed(*DESK)
    def resume(contact_id: int) -> Page:
        return desk.act(
            contact_id, "resumed", lambda one, connection: one.resume_reminders(connection, contact_id, now=clock())
        )

    @pages.post("/people/<int:contact_id>/reminders/<int:reminder_id>/send")
    @allowed(*DESK)
    def send(contact_id: int, reminder_id: int) -> Page:
        now = clock()
        worker = desk.worker()
        try:
            goes_at = office.store.write(
                lambda connection: worker.send_now(connection, contact_id, reminder_id, now=now)
            )
        except Refused as fault:
            return desk.page(contact_id, wrong=fault.say, code=409)
        office.wake()
        if goes_at > now:
            return desk.page(contact_id, done=f"现在是免打扰时段，{day_and_time(goes_at)}发送。")
        return redirect(url_for("console.people.person", contact_id=contact_id, done="sent-now"))

    @pages.post("/people/<int:contact_id>/reminders/<int:reminder_id>/skip")
    @allowed(*DESK)
    def skip(contact_id: int, reminder_id: int) -> Page:
        return desk.act(
            contact_id, "skipped", lambda one, connection: one.skip(connection, contact_id, reminder_id, now=clock())
        )

    @pages.post("/people/<int:contact_id>/children/<int:child_id>/doses")
    @allowed(*DESK)
    def add_dose(contact_id: int, child_id: int) -> Page:
        dose = _dose()
        if dose is None:
            return desk.page(contact_id, wrong="请选疫苗，并填接种日期。", code=409)
        return desk.act(
            contact_id,
            "added",
            lambda one, connection: one.add_dose(connection, contact_id, child_id, dose, now=clock()),
        )

    @pages.post("/people/<int:contact_id>/children/<int:child_id>/doses/<int:dose_id>/confirm")
    @allowed(*DESK)
    def confirm(contact_id: int, child_id: int, dose_id: int) -> Page:
        return desk.act(
            contact_id,
            "confirmed",
            lambda one, connection: one.confirm_dose(connection, contact_id, child_id, dose_id, now=clock()),
        )

    @pages.post("/people/<int:contact_id>/children/<int:child_id>/doses/<int:dose_id>/drop")
    @allowed(*DESK)
    def drop(contact_id: int, child_id: int, dose_id: int) -> Page:
        return desk.act(
            contact_id,
            "dropped",
            lambda one, connection: one.drop_dose(connection, contact_id, child_id, dose_id, now=clock()),
        )

    @pages.get("/people/<int:contact_id>/papers/<int:paper_id>")
    @allowed(*READERS)
    def paper(contact_id: int, paper_id: int) -> Response:
        """A photo that belongs to no case (a vaccination certificate): those of a case open under the case alone."""
        with office.store.reading() as connection:
            found = material(connection, paper_id)
        if found is None or found.contact_id != contact_id or found.case_id is not None:
            abort(404)
        return file_answer(office, found, subject=f"contact:{contact_id}")

    return pages


def _dose() -> Dose | None:
    try:
        on = date.fromisoformat(request.form.get("on", ""))
    except ValueError:
        return None
    vaccine = request.form.get("vaccine", "")
    return Dose(on=on, vaccine=vaccine, source="clinic_confirmed") if vaccine else None
