"""The commands of `kith`."""

from kith.cli.base import main
from kith.cli.device import doctor, run, simulate
from kith.cli.people import identify, people
from kith.cli.sounds import sounds

for command in (people, identify, simulate, run, doctor, sounds):
    main.add_command(command)

__all__ = ["main"]
