"""Where people work: the health managers' pages, the simulator page. It must not decide what the assistant says."""
