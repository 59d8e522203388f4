"""The benchmarks: figures beside others of the same run. It must not leave this machine or keep anything running."""
