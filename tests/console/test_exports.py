"""The page on which a person fetches their copy."""

import io
import zipfile
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bot.sealed_files import SealedFiles
from bot.store.store import Store
from care.personal_export import make_export, token_of
from console.exports import export_pages
from tests.care import people
from tests.clocks import FixedClock


@pytest.fixture
def copies(store: Store, tmp_path: Path) -> SealedFiles:
    return SealedFiles(tmp_path / "exports", store.keys)


@pytest.fixture
def browser(store: Store, copies: SealedFiles, clock: FixedClock) -> FlaskClient:
    app = Flask("console")
    app.register_blueprint(export_pages(store=store, copies=copies, clock=clock))
    return app.test_client()


@pytest.fixture
def address(store: Store, copies: SealedFiles, clock: FixedClock, tmp_path: Path) -> str:
    who = store.write(lambda connection: people.contact(connection, store.keys, "o-lin", clock()))
    papers = SealedFiles(tmp_path / "media", store.keys)
    export = make_export(store, copies=copies, papers=papers, contact_id=who, now=clock())
    return f"/exports/{token_of(store.keys, export)}"


def test_looking_at_the_link_costs_no_download(browser: FlaskClient, address: str) -> None:
    for _ in range(5):
        page = browser.get(address)
        assert page.status_code == 200
        assert "10月01日 10:00" in page.text
        assert "3 次" in page.text
        assert browser.head(address).status_code == 200


def test_the_button_gives_the_zip_three_times(browser: FlaskClient, address: str) -> None:
    for _ in range(3):
        answer = browser.post(address)
        assert answer.mimetype == "application/zip"
        assert "attachment" in answer.headers["Content-Disposition"]
        assert "我的信息.html" in zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    over = browser.post(address)
    assert over.status_code == 404
    assert "导出我的信息" in over.text


def test_wrong_old_and_used_up_links_get_the_same_words(browser: FlaskClient, address: str, clock: FixedClock) -> None:
    wrong = browser.get(address + "x")
    clock.move(hours=24)
    old = browser.get(address)
    assert (wrong.status_code, wrong.data) == (404, old.data)
    assert browser.post(address).status_code == 404


def test_nothing_is_kept_by_caches_framed_or_told_to_other_sites(browser: FlaskClient, address: str) -> None:
    for answer in (browser.get(address), browser.post(address), browser.get(address + "x")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"


def test_a_copy_whose_file_is_gone_is_over(browser: FlaskClient, address: str, copies: SealedFiles) -> None:
    for name in list(copies.names()):
        copies.delete(name)
    assert browser.post(address).status_code == 404
