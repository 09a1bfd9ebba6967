"""Learning a person at the press of the button. Pure."""
