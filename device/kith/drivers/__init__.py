"""The parts that touch the world, one file each, and their simulated twins."""
