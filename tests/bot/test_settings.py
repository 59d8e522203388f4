"""Settings: the demo without a file, the TOML file, and errors that name file, entry and remedy but no secret."""

import stat
from pathlib import Path

import pytest

from bot.accounts import WechatAccount, WecomAccount, WecomKfAccount
from bot.errors import ConfigurationFault
from bot.settings import Settings, load_settings

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ACCOUNT = f"""
[[accounts]]
id = "jdallianz"
channel = "wechat"
name = "京东安联客户服务"
products = ["zhenai-wuxian-2023"]
app_id = "wx0000000000000001"
app_secret = "env:JD_SECRET"
token = "callback-token"
encoding_aes_key = "{KEY}"
"""


def load(tmp_path: Path, toml: str, **environment: str) -> Settings:
    file = tmp_path / "assistant.toml"
    file.write_text(toml, encoding="utf-8")
    return load_settings(
        {
            "ASSISTANT_CONFIG": str(file),
            "ASSISTANT_DATA_DIR": str(tmp_path / "var"),
            "JD_SECRET": "s3cret",
            **environment,
        }
    )


def fault(tmp_path: Path, toml: str, **environment: str) -> str:
    with pytest.raises(ConfigurationFault) as caught:
        load(tmp_path, toml, **environment)
    return str(caught.value)


def test_without_a_file_it_is_the_demo_on_sqlite(tmp_path: Path) -> None:
    settings = load_settings({"ASSISTANT_DATA_DIR": str(tmp_path / "var"), "PORT": "8123"})
    assert [account.id for account in settings.accounts][:4] == ["jdallianz", "junlong", "demo", "employees"]
    platform = "http://127.0.0.1:8123/simulator"
    assert {account.channel: account.api_base_url for account in settings.accounts[:4]} == {
        "wechat": f"{platform}/platform",
        "wecom": f"{platform}/wecom",
    }
    assert all(len(account.encoding_aes_key) == 43 for account in settings.accounts)
    assert (settings.is_demo, settings.has_simulator, settings.web_workers, settings.is_embedded) == (
        True,
        True,
        1,
        True,
    )
    assert settings.database_url == f"sqlite:///{tmp_path}/var/assistant.db"
    assert settings.service.hours_on_days_off == "00:00-24:00", "one tries it on a Sunday evening"


def test_generated_secrets_stay_and_are_for_their_owner_only(tmp_path: Path) -> None:
    environment = {"ASSISTANT_DATA_DIR": str(tmp_path)}
    first, second = load_settings(environment), load_settings(environment)
    assert first.accounts == second.accounts
    assert first.keys.fingerprint == second.keys.fingerprint
    for name in ("demo-accounts.json", "master.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_file_turns_the_demo_off(tmp_path: Path) -> None:
    settings = load(tmp_path, ACCOUNT)
    [account] = settings.accounts
    assert (account.id, account.app_secret, account.api_base_url) == (
        "jdallianz",
        "s3cret",
        "https://api.weixin.qq.com",
    )
    assert (settings.is_demo, settings.has_simulator) == (False, False)
    assert not (tmp_path / "var" / "demo-accounts.json").exists()


def test_a_file_may_turn_the_simulator_on(tmp_path: Path) -> None:
    assert load(tmp_path, ACCOUNT + "[simulator]\nenabled = true\n").has_simulator


def test_postgresql_has_two_serving_processes_unless_told_otherwise(tmp_path: Path) -> None:
    url = "postgresql://assistant@127.0.0.1/assistant"
    assert load(tmp_path, ACCOUNT, DATABASE_URL=url).web_workers == 2
    assert load(tmp_path, ACCOUNT, DATABASE_URL=url, WEB_WORKERS="3").web_workers == 3
    assert load(tmp_path, ACCOUNT, WEB_WORKERS="3").web_workers == 1


def test_a_side_process_uses_the_processor_that_one_serving_process_leaves_idle(tmp_path: Path, monkeypatch) -> None:
    url = "postgresql://assistant@127.0.0.1/assistant"
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    assert load(tmp_path, ACCOUNT).side_processes == 1
    assert load(tmp_path, ACCOUNT, SIDE_PROCESSES="0").side_processes == 0
    assert load(tmp_path, ACCOUNT, DATABASE_URL=url).side_processes == 0
    assert load(tmp_path, ACCOUNT, DATABASE_URL=url, SIDE_PROCESSES="2").side_processes == 2
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    assert load(tmp_path, ACCOUNT).side_processes == 0


def test_secrets_do_not_show_in_what_is_printed(tmp_path: Path) -> None:
    settings = load(tmp_path, ACCOUNT, DATABASE_URL="postgresql://assistant:pass-word@127.0.0.1/assistant")
    for shown in (repr(settings), repr(settings.accounts)):
        assert not any(secret in shown for secret in ("s3cret", "callback-token", KEY, "pass-word"))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("id = ", "ident = "), "accounts[0].id: is missing"),
        (('"jdallianz"', '"JD Allianz"'), "accounts[0].id: "),
        (('name = "京东安联客户服务"', 'name = ""'), "accounts[0].name: "),
        (("products = [", "product = ["), "accounts[0].product: is not known"),
        (("callback-token", ""), "accounts[0].token: "),
        ((KEY, KEY[:-1]), "accounts[0].encoding_aes_key: must have 43 characters"),
        (('"wechat"', '"wechar"'), "accounts[0].channel: "),
        (('channel = "wechat"', ""), "accounts[0].channel: is missing"),
        (('"wechat"', '"wecom"'), "accounts[0].corp_id: is missing"),
        (('"wechat"', '"wecom_kf"'), "accounts[0].open_kfids: is missing"),
        (("env:JD_SECRET", "env:NOT_THERE"), "accounts[0].app_secret: the variable NOT_THERE is not set"),
        (("[[accounts]]", "[[accounts"), "not TOML"),
    ],
)
def test_a_fault_names_file_entry_and_remedy_but_no_value(tmp_path: Path, change: tuple[str, str], place: str) -> None:
    told = fault(tmp_path, ACCOUNT.replace(*change))
    assert told.startswith(f"{tmp_path}/assistant.toml: ")
    assert place in told
    assert ";" in told
    assert not any(secret in told for secret in ("s3cret", "callback-token", KEY[:20]))


COMPANY = f"""
[[accounts]]
id = "staff"
channel = "wecom"
name = "员工健康助手"
products = ["zhenai-wuxian-2023"]
corp_id = "ww0000000000000001"
agent_id = 1000002
secret = "env:JD_SECRET"
token = "callback-token"
encoding_aes_key = "{KEY}"
staff = {{ lihua = "LiHua" }}

[[accounts]]
id = "service"
channel = "wecom_kf"
name = "微信客服"
products = ["zhenai-wuxian-2023"]
corp_id = "ww0000000000000001"
secret = "env:JD_SECRET"
open_kfids = ["wkAAAA", "wkBBBB"]
hand_over = "native"
token = "callback-token"
encoding_aes_key = "{KEY}"
"""


def test_each_kind_of_account_is_read(tmp_path: Path) -> None:
    official, staff, service = load(tmp_path, ACCOUNT + COMPANY).accounts
    assert isinstance(official, WechatAccount)
    assert isinstance(staff, WecomAccount)
    assert isinstance(service, WecomKfAccount)
    assert (staff.agent_id, staff.staff, staff.secret) == (1000002, {"lihua": "LiHua"}, "s3cret")
    assert (service.open_kfids, service.hand_over) == (("wkAAAA", "wkBBBB"), "native")
    assert {staff.api_base_url, service.api_base_url} == {"https://qyapi.weixin.qq.com"}
    assert not any(secret in repr((staff, service)) for secret in ("s3cret", "callback-token", KEY))


def test_nobody_is_joined_by_unionid_unless_the_account_says_so(tmp_path: Path) -> None:
    official, _, service = load(tmp_path, ACCOUNT + COMPANY).accounts
    assert not official.join_by_unionid
    assert not service.join_by_unionid
    said = 'hand_over = "native"', 'hand_over = "native"\njoin_by_unionid = true'
    _, service = load(tmp_path, COMPANY.replace(*said)).accounts
    assert service.join_by_unionid


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("agent_id = 1000002", ""), "accounts[0].agent_id: is missing"),
        (("agent_id = 1000002", 'agent_id = "the one"'), "accounts[0].agent_id: must be the application's AgentId"),
        ((f'encoding_aes_key = "{KEY}"', 'encoding_aes_key = ""'), "accounts[0].encoding_aes_key: must have 43"),
        (('hand_over = "native"', 'hand_over = "phone"'), "accounts[1].hand_over: "),
        (('open_kfids = ["wkAAAA", "wkBBBB"]', "open_kfids = []"), "accounts[1].open_kfids: "),
        (('"wkBBBB"', '"wkAAAA"'), "the open_kfid wkAAAA is there twice"),
        (('corp_id = "ww0000000000000001"', 'app_id = "ww0000000000000001"'), "accounts[0].app_id: is not known"),
        (('staff = { lihua = "LiHua" }', 'staff = { lihua = "" }'), "accounts[0].staff.lihua: "),
    ],
)
def test_a_fault_of_a_wecom_account_is_named(tmp_path: Path, change: tuple[str, str], place: str) -> None:
    told = fault(tmp_path, COMPANY.replace(*change))
    assert place in told
    assert not any(secret in told for secret in ("s3cret", "callback-token", KEY[:20]))


def test_the_same_account_twice_is_refused(tmp_path: Path) -> None:
    assert "the id jdallianz is there twice" in fault(tmp_path, ACCOUNT * 2)


def test_a_file_without_accounts_is_refused(tmp_path: Path) -> None:
    assert "accounts" in fault(tmp_path, "")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationFault, match=r"missing\.toml: cannot be read"):
        load_settings({"ASSISTANT_CONFIG": str(tmp_path / "missing.toml"), "ASSISTANT_DATA_DIR": str(tmp_path)})


@pytest.mark.parametrize(("name", "value"), [("PORT", "http"), ("PORT", "0"), ("PORT", "70000"), ("PORT", "８０００")])
def test_a_number_out_of_range_is_refused(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigurationFault, match=name):
        load_settings({"ASSISTANT_DATA_DIR": str(tmp_path), name: value})


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationFault, match="ASSISTANT_DATA_DIR"):
        load_settings({"ASSISTANT_DATA_DIR": str(tmp_path / "file" / "var")})


def test_damaged_demo_secrets_are_named(tmp_path: Path) -> None:
    for name in ("demo-accounts.json", "demo-application.json"):
        (tmp_path / name).write_text("{}")
        with pytest.raises(ConfigurationFault, match=rf"{name}: damaged; delete it"):
            load_settings({"ASSISTANT_DATA_DIR": str(tmp_path)})
        (tmp_path / name).unlink()


WEB_CHAT = """
[[accounts]]
id = "app"
channel = "web_chat"
name = "在线健康管家"
products = ["zhenai-wuxian-2023"]
secret = "env:JD_SECRET"
origins = ["https://www.insurer.example", "http://127.0.0.1:9000"]
"""


def test_a_web_chat_needs_a_secret_and_whole_origins(tmp_path: Path) -> None:
    secret = "s" * 32
    (account,) = load(tmp_path, WEB_CHAT, JD_SECRET=secret).accounts
    assert (account.channel, account.secret, account.previous_secret) == ("web_chat", secret, "")
    assert secret not in repr(account)
    assert "accounts[0].secret" in fault(tmp_path, WEB_CHAT, JD_SECRET="too short")
    for origin in ("https://x.example/path", "*", "x.example", "https://x.example; script-src *"):
        bad = WEB_CHAT.replace("https://www.insurer.example", origin)
        assert "accounts[0].origins[0]" in fault(tmp_path, bad, JD_SECRET=secret)
