"""The WeChat platform's twin: its API, its rules and a person's phone. For the simulator and tests, never for people."""
