"""Training, gates and promotion (学习)."""
