"""Where a request runs: this machine now, other places behind the same protocol."""
