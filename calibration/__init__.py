"""Programs that measure, once, the figures that the device reads."""
