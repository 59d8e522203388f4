"""The dialog engine: runs any form, one question at a time. It must not know a topic, a clock or a database."""

from bot.dialog.engine import Engine
from bot.dialog.state import Dialog, Phase, Pick
from bot.dialog.steps import Kind, Step

__all__ = ["Dialog", "Engine", "Kind", "Phase", "Pick", "Step"]
