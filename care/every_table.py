"""All tables of the service in one metadata: what migrations are compared with. A new file of tables is named here."""

from bot.store.schema import metadata
from care import case_work_tables, staff_tables, tables

__all__ = ["case_work_tables", "metadata", "staff_tables", "tables"]
