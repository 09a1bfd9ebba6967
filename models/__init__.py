"""What networks Kith runs, where they come from, and the recipe that builds their int8 files."""
