"""The demo walk: a made-up walk among real people's photographs, seen as a head-mounted camera would."""
