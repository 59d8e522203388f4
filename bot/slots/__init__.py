"""Reads typed answers out of what people write: dates, numbers, names, choices.

Pure: text, question and today in, a value or a friendly problem out. It must not know any topic, clock or database.
"""
