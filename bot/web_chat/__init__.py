"""The web chat's own store: what waits to be read, files on their way. It must not know topics or decide words."""
