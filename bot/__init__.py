"""The machine: channels, inbox, turns, outbox, worker, store, settings, clock, errors. It must not know any topic."""
