"""What we do: answers, dialogs, hand-over. A handler decides and returns; it must never send or store."""
