"""Who it is: gallery, matcher, operating point, presence."""
