"""Programs that the tests run in the machine, with what the image has; they are sent as text."""
