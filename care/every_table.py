"""All tables of the database: importing this makes `metadata` whole, for comparing it with the migrations.

A file of tables that stands beside care/tables.py is named here.
"""

from bot.kf import tables as kf_tables
from bot.store.schema import metadata
from bot.web_chat import tables as web_chat_tables
from care import case_work_tables, child_tables, hand_over_tables, join_tables, knowledge_tables, staff_tables, tables

__all__ = [
    "case_work_tables",
    "child_tables",
    "hand_over_tables",
    "join_tables",
    "kf_tables",
    "knowledge_tables",
    "metadata",
    "staff_tables",
    "tables",
    "web_chat_tables",
]
