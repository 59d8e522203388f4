"""WeChat customer service (KF): fetches its messages, follows its sessions. It must not know topics or decide words."""
