"""An application through the served app: signed callbacks, the platform's API, the worker, the commands beside it."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from bot.clock import in_china, system_clock
from intents.router import Router
from knowledge.library import Library
from tests import traces
from tests.assistants import LEARNED, WUXIAN
from tests.care import papers, policy_files
from tests.handlers.office import ADVANCE, POLICY, VERIFYING
from tests.served_demo import PERSON, Demo, demo
from tests.waiting import eventually

OTHER = "oSimulated-LiXiansheng-00001"
ANSWERS = {**ADVANCE, "第一次确诊是哪一天": "昨天", "哪天入院": "明天"}
CASE_KEYS = {"number", "product", "service", "policy_no", "insured", "step", "answers", "materials", "deadlines"}
SIMULATOR = "simulator.db"  # the platform's own memory: it knows its people, as WeChat does
CHECK_KEYS = {"check", "result", "why", "clause"}


def papers_of(served: Demo) -> list[bytes]:
    """Return the files of the media folder."""
    folder = served.folder / "media"
    return [path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")] if folder.is_dir() else []


@pytest.fixture(scope="module")
def served(router: Router, data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo in which a person has applied for the inpatient advance and sent a photo. `router`: it has learned."""
    with demo(tmp_path_factory.mktemp("served") / "var", data_folder / LEARNED) as running:
        running.says("绑定保单", "同意", *VERIFYING)
        reply = running.says("我想申请住院垫付")
        while (asked := max(ANSWERS, key=reply.rfind)) in reply:
            reply = running.says(ANSWERS[asked])
        assert "受理号" in running.says("确认")
        running.sends(papers.photo())
        assert "收到病情资料" in running.says("2")
        yield running


def test_a_photo_from_chat_is_fetched_by_the_platforms_api_and_kept_sealed(served: Demo) -> None:
    assert eventually(lambda: len(papers_of(served)) == 1, within_seconds=30)
    [content] = papers_of(served)
    assert content.startswith(b"SF1")
    assert b"JFIF" not in content


def test_a_picture_that_cannot_be_kept_is_told_in_chat(served: Demo) -> None:
    served.sends(b"GIF89a and nothing behind")
    served.says("1")
    assert "请发照片" in served.pushed("文件类型收不了")


def test_a_case_is_listed_beside_the_service_in_the_contracts_shape(served: Demo) -> None:
    [case] = served.rows("cases", "list", "--policy", POLICY, "--json")
    assert set(case) == CASE_KEYS
    assert (case["service"], case["insured"], case["step"]) == ("inpatient-advance", "演示甲", "submitted")
    assert case["answers"]["phone"] == "尾号8000"
    assert case["materials"] == [{"material": "medical-records", "state": "kept", "type": "image/jpeg"}]
    assert [len(one["due"]) for one in case["deadlines"]] == [len("2026-11-25")]


def test_a_move_by_command_reaches_the_policyholder(served: Demo, library: Library) -> None:
    number = served.says("我的申请到哪了").partition("受理号")[2][:15]
    to = library.handbooks[WUXIAN].flows["inpatient-advance"].steps[0].next[0]
    moved = served.run("cases", "move", number, to)
    assert (moved.returncode, moved.stdout) == (0, f"{number}: {to}\n")
    assert number in served.pushed("新进展")


def test_eligibility_counts_the_use_that_is_held(served: Demo) -> None:
    today = in_china(system_clock()).date().isoformat()
    asked = ("eligibility", "--policy", POLICY, "--service", "inpatient-advance", "--on", today, "--json")
    [one] = served.rows(*asked, "--insured", "演示甲")
    assert set(one) == {"decision", "eligible_from", "uses_left", "needs", "checks"}
    assert (one["decision"], one["uses_left"]) == ("not_eligible", 0)
    assert all(set(check) == CHECK_KEYS for check in one["checks"])


def test_policies_imported_beside_the_service_are_known_in_chat_at_once(served: Demo, tmp_path: Path) -> None:
    row = policy_files.row(3, insured_name="甲测试", relation="self")
    row |= {"insured_id_no": row["holder_id_no"], "insured_birth": "1990-02-03", "insured_sex": "M"}
    done = served.run("policies", "import", str(policy_files.write(tmp_path / "more.csv", [row])))
    assert done.returncode == 0, done.stdout + done.stderr
    reply = served.says(
        "绑定保单", "同意", "臻爱无限", row["policy_no"], "甲测试", row["holder_phone"][-4:], person=OTHER
    )
    assert "核对好了" in reply


def test_conversations_are_listed_beside_the_service(served: Demo) -> None:
    listed = served.rows("conversations", "list", "--json")
    assert {"account": "demo", "contact": PERSON, "owner": "bot"} in listed


def test_keys_are_rotated_beside_the_service(served: Demo) -> None:
    done = served.run("keys", "rotate")
    assert (done.returncode, done.stdout) == (0, "0 sealed anew, 0 left\n")
    assert "受理号" in served.says("我的申请到哪了")


def test_the_export_link_really_downloads_the_persons_copy(served: Demo) -> None:
    served.says("导出我的信息")
    link = served.pushed("/exports/").partition("下载：")[2].strip()
    assert link.startswith(f"{served.address}/exports/")
    assert "可以下载" in requests.get(link, timeout=10).text
    answer = requests.post(link, timeout=10)
    assert answer.headers["Content-Type"] == "application/zip"
    copy = zipfile.ZipFile(io.BytesIO(answer.content))
    assert "胃恶性肿瘤" in copy.read("我的信息.json").decode()
    assert any(name.startswith("材料/") and name.endswith(".jpg") for name in copy.namelist())


def test_a_bad_call_ends_with_2_one_line_and_nothing_on_standard_output(served: Demo) -> None:
    done = served.run("cases", "list", "--policy", "NO-SUCH", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: --policy NO-SUCH: there is no such policy; import it, or check the number\n"


def test_it_answers_the_same_when_its_side_process_is_killed(served: Demo) -> None:
    question = "臻爱无限的图文咨询有等待期吗"
    before = served.says(question, person=OTHER)
    assert "等待期" in before
    [side] = [one for one in served.processes if one.parent() in served.processes]
    side.kill()
    assert [served.says(question, person=OTHER) for _ in range(4)] == [before] * 4
    assert not side.is_running() or side.status() == psutil.STATUS_ZOMBIE


def test_the_loose_photos_of_who_is_deleted_are_off_the_disk_at_once(served: Demo) -> None:
    before = len(papers_of(served))
    assert "先替您存着" in served.sends(papers.photo(), person=OTHER)
    assert eventually(lambda: len(papers_of(served)) == before + 1, within_seconds=30)
    assert "已删除" in served.says("删除我的信息", "确定", person=OTHER)
    assert eventually(lambda: len(papers_of(served)) == before, within_seconds=30)


def test_neither_data_folder_nor_log_holds_anything_of_people_in_clear(served: Demo) -> None:
    known = {"names": {"演示甲", "演示乙"}, "marks": {PERSON, OTHER, ANSWERS["哪个手机号"], POLICY, "15400000101"}}
    stored = traces.of_folder(served.folder, but={LEARNED, SIMULATOR})
    assert b"SF1" in stored
    assert traces.traces(stored, **known) == []
    assert traces.traces(served.log.read_bytes(), **known) == []
