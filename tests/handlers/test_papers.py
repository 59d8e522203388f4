"""Photos and documents in chat: fetched, kept sealed, ticked off, refused, asked about."""

import pytest

from bot.messages import Kind
from tests.care import papers
from tests.handlers.office import ADVANCE, Office

PHOTO = papers.photo()
TYPE_REFUSED = "文件类型收不了"


def sorted_into(office: Office) -> list[tuple[str | None, str]]:
    return [(one.material, one.state) for one in office.materials()]


def test_a_photo_is_fetched_kept_sealed_and_ticked_off(office: Office) -> None:
    case = office.submitted()
    assert "这是哪一份材料" in office.sends(PHOTO)
    assert "收到二级及以上公立医院的影像或检查资料" in office.says("1")
    assert office.works() == []
    [paper] = office.materials()
    assert (paper.state, paper.case_id, paper.material) == ("kept", case.id, "first-diagnosis-proof")
    [file] = (office.folder / "media").iterdir()
    assert PHOTO[:12] not in file.read_bytes()
    assert papers.SECRET not in office.papers.read(file.name)
    assert "影像" not in office.says("我还缺什么材料")


def test_the_last_paper_that_is_missing_completes_the_list(office: Office) -> None:
    office.submitted()
    office.sends(PHOTO)
    assert "还缺：病情资料" in office.says("影像报告")
    office.sends(papers.pdf(), kind=Kind.FILE)
    assert "材料齐了" in office.says("病历")
    office.works()
    assert sorted_into(office) == [("first-diagnosis-proof", "kept"), ("medical-records", "kept")]
    assert "都收到了" in office.says("我还缺什么材料")


def test_several_photos_of_one_paper_are_asked_about_once(office: Office) -> None:
    office.submitted()
    office.sends(PHOTO)
    assert "算同一份" in office.sends(PHOTO)
    office.sends(PHOTO)
    office.says("2")
    office.works()
    assert sorted_into(office) == [("medical-records", "kept")] * 3


def test_a_photo_that_nobody_can_place_goes_to_the_case_unsorted(office: Office) -> None:
    case = office.submitted()
    office.sends(PHOTO)
    assert "健康管家会核对" in office.says("都不是")
    [paper] = office.materials()
    assert (paper.case_id, paper.material) == (case.id, None)


def test_files_of_wrong_types_are_refused_and_told_once(office: Office) -> None:
    office.submitted()
    office.sends(b"MZ an executable", kind=Kind.FILE)
    office.sends(b"GIF89a and so on")
    office.says("1")
    [told] = office.works()
    assert TYPE_REFUSED in told
    assert [one.state for one in office.materials()] == ["refused", "refused"]
    assert not (office.folder / "media").exists()
    assert "影像" in office.says("我还缺什么材料")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (papers.pdf(trailer=b"/Encrypt 9 0 R"), "加了密码"),
        (PHOTO[:100], "打不开"),
        (b"\xff\xd8" + bytes(20 * 1024 * 1024), "太大"),
        (None, "取不到"),
    ],
    ids=["locked", "damaged", "large", "gone"],
)
def test_who_sent_what_cannot_be_kept_reads_why(office: Office, content: bytes | None, told: str) -> None:
    office.verified()
    office.sends(content)
    [text] = office.works()
    assert told in text
    assert office.works() == []


def test_a_video_is_not_taken(office: Office) -> None:
    office.submitted()
    assert "拍成照片" in office.sends(b"video", kind=Kind.VIDEO)
    assert office.materials() == []


def test_a_photo_before_the_application_goes_into_it(office: Office) -> None:
    office.verified()
    assert "先替您存着" in office.sends(PHOTO)
    office.works()
    office.applies()
    office.says("确认")
    [case], [paper] = office.cases(), office.materials()
    assert (paper.case_id, paper.state) == (case.id, "kept")


def test_a_photo_while_the_form_is_filled_in_repeats_its_question_and_goes_along(office: Office) -> None:
    office.verified()
    asked = office.says("我想申请住院垫付")
    reply = office.sends(PHOTO)
    assert "提交申请时一起放进材料" in reply
    assert "这次是给谁办" in asked
    assert "这次是给谁办" in reply
    office.applies()
    office.says("确认")
    office.works()
    assert office.materials()[0].case_id == office.cases()[0].id


def test_a_form_that_asks_for_photos_takes_them(office: Office) -> None:
    office.verified()
    reply = office.says("我想申请图文咨询")
    for answer in ("演示甲", "本人办", "同意", "1", "最近常常头疼，想问要做什么检查"):
        if "直接发照片" in reply:
            break
        reply = office.says(answer)
    assert "直接发照片" in reply
    assert "共1份" in office.sends(PHOTO)
    assert "共2份" in office.sends(PHOTO)
    assert "直接发照片" not in office.says("好了")
    assert [one.state for one in office.materials()] == ["wanted", "wanted"]


def test_before_the_consent_nothing_is_fetched(office: Office) -> None:
    office.sends(PHOTO)
    office.says("我想申请住院垫付")
    reply = office.sends(PHOTO)
    assert "我还没有收" in reply
    assert "回复「同意」" in reply
    office.works()
    assert office.count("materials") == 0


def test_while_the_policy_is_verified_a_photo_is_kept_for_the_application(office: Office) -> None:
    office.says("我想申请住院垫付", "同意")
    assert "哪款产品" in office.sends(PHOTO)
    assert office.count("materials", state="wanted") == 1


def test_papers_that_no_application_took_are_off_the_disk_after_a_week(office: Office) -> None:
    office.verified()
    office.sends(PHOTO)
    office.works()
    office.clock.move(days=7, minutes=1)
    office.works()
    assert list(office.papers.names()) == []
    assert [one.state for one in office.materials()] == ["deleted"]


def test_who_refuses_medical_data_leaves_no_photo(office: Office) -> None:
    office.verified()
    office.sends(PHOTO)
    office.works()
    office.applies(answers={**ADVANCE, "您同意我们使用吗": "不同意"})
    office.works()
    assert list(office.papers.names()) == []
    assert office.cases() == []
