"""The kinds of reminder, one module a kind, found by its file's name; each has `KIND`.

`plan` is pure: facts in, the reminders that they want out. `compose` says one of them, with sentences from
handlers/reminder_texts.yaml. Sending is in handlers/remind.py, and no kind may send.
"""
