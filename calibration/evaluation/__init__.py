"""What `python -m calibration.evaluate` measures, and its report; docs/evaluation.md says how and why."""
