"""Contributions and the ranked list (评分排序)."""
