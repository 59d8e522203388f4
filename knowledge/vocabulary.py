"""The words that all handbooks share: attributes and families, with the Chinese names the assistant uses for them."""

from functools import lru_cache
from pathlib import Path

from bot.yaml_files import read_yaml

ATTRIBUTES = Path(__file__).parent / "attributes.yaml"
FAMILIES = Path(__file__).parent / "families.yaml"


@lru_cache(maxsize=1)
def attribute_names() -> dict[str, str]:
    """Return the known attributes and how the assistant calls them."""
    return _names(ATTRIBUTES)


@lru_cache(maxsize=1)
def family_names() -> dict[str, str]:
    """Return the known families of services and how the assistant calls them."""
    return _names(FAMILIES)


def _names(path: Path) -> dict[str, str]:
    rows = read_yaml(path)
    return {key: row["name"] for key, row in rows.items()}
