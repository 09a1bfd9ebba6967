"""What networks Kith runs, where they come from, and the recipe that builds their int8 files."""

from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""Of the source tree."""
MODELS_DIR = ROOT / "models"
CACHE_DIR = ROOT / ".cache"

Report = Callable[[str], None]
"""Told one short line before each step."""
