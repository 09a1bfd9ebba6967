"""Learning a person or a thing at the press of the button. Pure."""
