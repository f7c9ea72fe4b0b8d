"""Every speed claim of the README: one command each, peers in the same run."""
