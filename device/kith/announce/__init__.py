"""What the wearer hears: words, priority, earcons, the player."""
