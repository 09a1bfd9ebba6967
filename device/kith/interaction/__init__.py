"""What the wearer does with the button. Pure."""
