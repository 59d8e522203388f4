"""What was read just before is not read out again after a question in the middle."""

from datetime import UTC, datetime

from bot.dialog.engine import Engine
from bot.forms import Form, Question

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def test_a_long_question_is_repeated_in_its_short_form() -> None:
    question = Question(slot="agree", kind="yes_no", short="是否同意", ask="很长的说明。同意吗？", again="同意吗？")
    engine = Engine(form=Form(id="consent", version=1, title="同意", questions=(question,)))
    begun = engine.begin(now=NOW)
    assert begun.say == "很长的说明。同意吗？"
    assert engine.repeat(begun.dialog, now=NOW).say == "同意吗？"


def test_a_summary_that_waits_is_only_named() -> None:
    question = Question(slot="diagnosis", kind="text", short="病情", ask="什么病？")
    engine = Engine(
        form=Form(id="advance", version=1, title="住院垫付申请", questions=(question,)),
        notices=lambda answers: ["提前一天通知。"],
    )
    summary = engine.take(engine.begin(now=NOW).dialog, "肺炎", now=NOW)
    reminder = engine.repeat(summary.dialog, now=NOW)
    assert "提前一天通知" in summary.say
    assert "提前一天通知" not in reminder.say
    assert "住院垫付申请" in reminder.say
    assert "确认" in reminder.say
    assert engine.take(reminder.dialog, "确认", now=NOW).kind.value == "completed"
