"""Cards: short notices with a link, for channels that show them. In the outbox a card is a text for anybody to read."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bot.errors import GiveUp

_ROW = "· "


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a card says. `url` is where it leads, `button` what one presses to get there; `rows`: name and value."""

    title: str
    text: str
    url: str
    rows: tuple[tuple[str, str], ...] = ()
    button: str = "去处理"

    def written(self) -> str:
        """Return the card as lines of text; `read` gives it back."""
        rows = [f"{_ROW}{name}：{value}" for name, value in self.rows]
        return "\n".join(
            (f"【{_line(self.title)}】", _line(self.text), *map(_line, rows), f"{self.button}：{self.url}")
        )


@runtime_checkable
class ShowsCards(Protocol):
    """What a channel with cards does beside what every channel does."""

    def send_card(self, contact: str, card: Card, *, key: str) -> None:
        """Send one card. Raises RetryLater, GiveUp or ConfigurationFault."""


def read(text: str) -> Card:
    """Return the card that was written. Raises GiveUp when the text is none."""
    title, *lines = text.split("\n")
    if len(lines) < 2:
        raise GiveUp("the text is no card")
    said, *rows, link = lines
    button, _, url = link.partition("：")
    named = tuple(_pair(row.removeprefix(_ROW)) for row in rows)
    return Card(title=title.removeprefix("【").removesuffix("】"), text=said, url=url, rows=named, button=button)


def _pair(row: str) -> tuple[str, str]:
    name, _, value = row.partition("：")
    return name, value


def _line(text: str) -> str:
    return " ".join(text.split())
