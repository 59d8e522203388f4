"""Charts of tables, as SVG that is drawn here: a page shows them as pictures, so that nothing in them ever runs."""

from typing import Any
from xml.etree.ElementTree import Element

import pygal
from pygal.style import Style

from console.figure_tables import Table

_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="#33474a",
    foreground_strong="#17282a",
    foreground_subtle="#aab6b8",
    opacity="1",
    guide_stroke_color="#dbe2e2",
    major_guide_stroke_color="#dbe2e2",
    guide_stroke_dasharray="0",
    major_guide_stroke_dasharray="0",
    value_colors=("#ffffff",) * 4,
    colors=("#12655d", "#b2560d", "#3b5fa8", "#8a2f4f"),
    font_family="system-ui, 'PingFang SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif",
    label_font_size=15,
    major_label_font_size=15,
    legend_font_size=16,
    value_font_size=15,
    no_data_font_size=20,
)
_KINDS = {
    "line": pygal.Line,
    "bars": pygal.Bar,
    "stacked": pygal.HorizontalStackedBar,
    "lying": pygal.HorizontalBar,
}
_LYING = ("stacked", "lying")
_LABELS = 15  # that a chart has room for
_LONGEST_LABEL = 20


def chart_of(table: Table) -> bytes:
    """Return the chart of a table's `charted` columns over its first one."""
    chart = _KINDS[table.kind](**_look(table))
    chart.add_xml_filter(_without_scripts)
    chart.add_xml_filter(lambda root: _called(root, table.title))
    rows = list(reversed(table.rows)) if table.kind in _LYING else list(table.rows)  # it draws from below
    chart.x_labels = [str(row[0])[5:] if table.kind == "line" else str(row[0]) for row in rows]
    if len(rows) > _LABELS and table.kind == "line":
        chart.x_labels_major = chart.x_labels[:: -(-len(rows) // _LABELS)]
        chart.show_minor_x_labels = False
    for column in table.charted:
        chart.add(table.columns[column], [None if isinstance(row[column], str) else row[column] for row in rows])
    drawn: str = chart.render()
    return drawn.encode()


def _look(table: Table) -> dict[str, Any]:
    is_lying = table.kind in _LYING
    longest = max((len(str(row[0])) for row in table.rows), default=0)
    return {
        "style": _STYLE,
        "js": [],
        "disable_xml_declaration": True,
        "width": 820,
        "height": 140 + 28 * len(table.rows) if is_lying else 320,
        # Chinese letters are wider than those it reckons with.
        "margin_left": 10 + (min(longest, _LONGEST_LABEL) * 7 if is_lying else 0),
        "legend_at_bottom": True,
        "show_legend": len(table.charted) > 1,
        "print_values": table.kind != "line",
        "print_zeroes": False,
        "truncate_label": _LONGEST_LABEL,
        "x_label_rotation": 30 if table.kind == "line" else 0,
        "min_scale": 2,
        "no_data_text": "这段时间没有",
        "show_dots": len(table.rows) <= 2 * _LABELS,
        "range": None if any(_numbers(table)) else (0, 1),
        "include_x_axis": True,
        "value_formatter": "{:g}".format,
    }


def _numbers(table: Table) -> list[Any]:
    return [row[column] for row in table.rows for column in table.charted if not isinstance(row[column], str)]


def _called(root: Element, title: str) -> Element:
    """Without a title drawn over the chart it calls itself by the library's name, which browsers show on hovering."""
    for child in root:
        if str(child.tag).endswith("title"):
            child.text = title
    return root


def _without_scripts(root: Element) -> Element:
    for parent in list(root.iter()):
        for child in list(parent):
            if str(child.tag).endswith("script"):
                parent.remove(child)
    return root
