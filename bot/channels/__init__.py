"""Channels: one file a platform; each parses its envelopes and sends through its API. None may decide what is said."""
