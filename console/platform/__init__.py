"""The WeChat platform's twin: its API, its rules, a person's phone. It serves the simulator and tests, not people."""
