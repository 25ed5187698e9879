"""What is held outside about a trial's draws: `manage.py allocation_anchors TRIAL > anchors.json`."""

from trial.allocation.management.files import FileCommand
from trial.allocation.queries import anchors_of


class Command(FileCommand):
    help = "Print the protocol's hash, the beacon, every checkpoint and the leaf of every receipt."
    content = staticmethod(anchors_of)
