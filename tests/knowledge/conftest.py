"""A handbook to spoil."""

from pathlib import Path

import pytest

from tests.knowledge.drafts import Draft


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    return Draft(tmp_path)
