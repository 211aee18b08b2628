"""What recruiters see (发布)."""
