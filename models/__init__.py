"""What networks Kith runs, where they come from, and the recipe that builds their int8 files."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""Of the source tree."""
