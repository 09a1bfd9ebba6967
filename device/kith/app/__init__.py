"""Wiring: the only place that knows the drivers."""
