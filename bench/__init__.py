"""Measurements: a load generator and the table it prints. Never part of the tests."""
