"""The simulator page: a phone that talks to the real webhook. It is on only in the demo or by configuration."""
