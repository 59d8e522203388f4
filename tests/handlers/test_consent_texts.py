"""Who agreed to an older text reads the new one before their data are used again."""

from datetime import date

from sqlalchemy import update

from care.consents import ConsentKind
from care.tables import consents
from handlers.house import consent_versions
from tests.assistants import WUXIAN
from tests.families import policy
from tests.service_desk import ServiceDesk


def agreed_to_an_older_text(desk: ServiceDesk) -> None:
    told = policy({"product": WUXIAN}, place=1, products=list(desk.library.handbooks), today=date(2026, 11, 23))
    desk.know([told], bound_to=("all", "甲"))
    older = consent_versions()[ConsentKind.PERSONAL] - 1
    desk.store.write(lambda connection: connection.execute(update(consents).values(version=older)))


def test_a_new_text_is_shown_before_an_application_goes_on(service_desk: ServiceDesk) -> None:
    agreed_to_an_older_text(service_desk)
    asked = service_desk.say("我想申请住院绿通")
    assert "说明有更新" in asked.reply
    assert "回复「同意」" in asked.reply
    assert "您是本人办" in service_desk.say("同意").reply
    assert "说明有更新" not in service_desk.say("本人").reply


def test_who_does_not_agree_to_a_new_text_is_not_pressed(service_desk: ServiceDesk) -> None:
    agreed_to_an_older_text(service_desk)
    service_desk.say("我想申请住院绿通")
    refused = service_desk.say("不同意").reply
    assert "不同意" not in refused
    assert service_desk.cases() == []
    assert "等待期" in service_desk.say("臻爱无限的住院绿通等待期多久").reply
