"""Stages in the order data flows: ingestion, transformation, learning, scoring, publication, automation.

Stages meet only through asset keys written as strings; tests/contract proves that each such key exists.
"""
