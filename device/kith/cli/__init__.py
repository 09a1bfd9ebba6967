"""The commands of `kith`."""

# The last two add their commands to `people`.
from kith.cli import people_carrying, people_keeping
from kith.cli.base import main
from kith.cli.bench import bench
from kith.cli.describe import describe
from kith.cli.device import doctor, run, simulate
from kith.cli.identify import identify
from kith.cli.people import people
from kith.cli.read import read
from kith.cli.sounds import sounds
from kith.cli.support import support
from kith.cli.things import things

for command in (people, things, identify, describe, read, simulate, run, doctor, support, sounds, bench):
    main.add_command(command)

__all__ = ["main", "people_carrying", "people_keeping"]
