"""The demo's accounts: fictional, with secrets generated once, talking to the fake platform on this very server."""

import json
import secrets
import string
from pathlib import Path
from typing import Any

from bot.errors import ConfigurationFault
from bot.secret_files import made_once

_ACCOUNTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("jdallianz", "京东安联客户服务", ("zhenai-wuxian-2023", "chengzhang-youxiang-2025")),
    ("junlong", "君龙人寿", ("junlong-zhenai-21",)),
    ("demo", "健康服务演示号", ("zhenai-wuxian-2023", "junlong-zhenai-21", "chengzhang-youxiang-2025")),
)


# An application in WeCom: employees chat with it, and the demo's staff get cards in it.
_APPLICATION = "employees"
_EVERYTHING = _ACCOUNTS[-1][2]
_SEALED = ("corp_id", "agent_id", "secret", "token", "encoding_aes_key")
# WeChat customer service: customers write from WeChat, and people may answer in WeCom itself.
_SERVICE = "service"
_SERVED = ("corp_id", "open_kfids", "secret", "token", "encoding_aes_key")
_STAFF = {"demo": "LinGuanjia", "demo-supervisor": "ZhouZhuguan"}


def demo_accounts(data_dir: Path, port: int) -> list[dict[str, Any]]:
    """Return the demo accounts as the TOML file would give them. Raises ConfigurationFault for a damaged file."""
    return [*_official(data_dir, port), _application(data_dir, port), _customer_service(data_dir, port)]


def _application(data_dir: Path, port: int) -> dict[str, Any]:
    path = data_dir / "demo-application.json"
    try:
        made = json.loads(made_once(path, lambda: json.dumps(_application_secrets(), indent=1).encode()))
        return {
            "id": _APPLICATION,
            "channel": "wecom",
            "name": "员工健康助手（企业微信）",
            "products": _EVERYTHING,
            "staff": _STAFF,
            "api_base_url": f"http://127.0.0.1:{port}/simulator/wecom",
            **{name: made[name] for name in _SEALED},
        }
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error


def _customer_service(data_dir: Path, port: int) -> dict[str, Any]:
    path = data_dir / "demo-customer-service.json"
    try:
        made = json.loads(made_once(path, lambda: json.dumps(_service_secrets(), indent=1).encode()))
        return {
            "id": _SERVICE,
            "channel": "wecom_kf",
            "name": "健康服务（微信客服）",
            "products": _EVERYTHING,
            "hand_over": "native",
            "api_base_url": f"http://127.0.0.1:{port}/simulator/wecom",
            **{name: made[name] for name in _SERVED},
        }
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error


def _official(data_dir: Path, port: int) -> list[dict[str, Any]]:
    path = data_dir / "demo-accounts.json"
    try:
        made = json.loads(made_once(path, _fresh_secrets))
        return [
            {
                "id": account,
                "channel": "wechat",
                "name": name,
                "products": products,
                "api_base_url": f"http://127.0.0.1:{port}/simulator/platform",
                **made[account],
            }
            for account, name, products in _ACCOUNTS
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> ConfigurationFault:
    return ConfigurationFault(f"{path}: damaged; delete it, and new demo secrets are made")


def _service_secrets() -> dict[str, Any]:
    return {
        "corp_id": "ww0000000000000001",
        "open_kfids": ["wk0000000000000000000000000001"],
        "secret": secrets.token_hex(16),
        "token": secrets.token_hex(12),
        "encoding_aes_key": _aes_key(),
    }


def _application_secrets() -> dict[str, Any]:
    return {
        "corp_id": "ww0000000000000001",
        "agent_id": 1000002,
        "secret": secrets.token_hex(16),
        "token": secrets.token_hex(12),
        "encoding_aes_key": _aes_key(),
    }


def _fresh_secrets() -> bytes:
    made = {
        account: {
            "app_id": f"wx{number:016d}",
            "app_secret": secrets.token_hex(16),
            "token": secrets.token_hex(12),
            "encoding_aes_key": _aes_key(),
        }
        for number, (account, _, _) in enumerate(_ACCOUNTS, 1)
    }
    return json.dumps(made, indent=1).encode()


def _aes_key() -> str:
    # 43 characters that decode to 32 bytes: the last one must leave the two spare bits at zero.
    return _letters(42) + secrets.choice("AEIMQUYcgkosw048")


def _letters(count: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(count))
