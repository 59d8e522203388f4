"""What the pages for operators say of accounts is true: their files are taken, and every code has its line."""

import re
from pathlib import Path

import pytest

from bot.accounts import CHANNELS
from bot.channels import qyapi_codes
from bot.settings import load_settings

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/wecom.md", "docs/wecom-kf.md", "docs/web-chat.md")
_FILE = re.compile(r"^( *)```toml\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def files_of(page: str) -> list[str]:
    """Return the TOML files with accounts that a page shows, as one would type them."""
    shown = [(len(indent), text) for indent, text in _FILE.findall((ROOT / page).read_text(encoding="utf-8"))]
    return ["\n".join(line[indent:] for line in text.split("\n")) for indent, text in shown if "[[accounts]]" in text]


@pytest.mark.parametrize("page", PAGES)
def test_the_file_that_a_page_shows_is_taken(page, tmp_path):
    for number, text in enumerate(files_of(page)):
        path = tmp_path / f"accounts{number}.toml"
        path.write_text(text, encoding="utf-8")
        environment = dict.fromkeys(re.findall(r"env:([A-Z_]+)", text), "a" * 43)
        settings = load_settings(
            {**environment, "ASSISTANT_CONFIG": str(path), "ASSISTANT_DATA_DIR": str(tmp_path / "data")}
        )
        for account in settings.accounts:
            assert f"/webhooks/{account.id}" in (ROOT / page).read_text(encoding="utf-8") or page == "README.md"


def test_every_kind_of_account_has_a_page_with_its_file():
    shown = "".join(text for page in PAGES for text in files_of(page))
    assert {channel for channel in CHANNELS if f'channel = "{channel}"' in shown} == set(CHANNELS)


def test_every_code_of_wecom_that_means_something_has_its_line():
    pages = [(ROOT / page).read_text(encoding="utf-8") for page in ("docs/wecom.md", "docs/wecom-kf.md")]
    rows = "\n".join(line for page in pages for line in page.split("\n") if line.startswith("|"))
    known = {*qyapi_codes._CONFIGURATION, *qyapi_codes._PERMANENT, *qyapi_codes.TOKEN_REFUSED}
    assert [code for code in sorted(known) if str(code) not in rows] == []
