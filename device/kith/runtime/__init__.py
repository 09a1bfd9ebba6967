"""Threads, slots and the supervisor: knows nothing of faces or sounds."""
