"""Forecasts a child's next vaccinations from the doses given. It must not know databases, chat or the clock.

`rule_files.load()` reads the rules, `child.read_child()` a child, `forecast.forecast()` tells each family's next dose.
"""
