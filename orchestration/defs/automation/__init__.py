"""What starts a run (自动化)."""
