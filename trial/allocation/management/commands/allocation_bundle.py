"""The verifier's bundle of an opened trial: `manage.py allocation_bundle TRIAL > bundle.json`."""

from trial.allocation.management.files import FileCommand
from trial.allocation.queries import bundle_of


class Command(FileCommand):
    help = "Print the protocol, the seeds, the beacon and every leaf of an opened trial."
    content = staticmethod(bundle_of)
