"""What can go wrong when servers are started, each as one sentence a person can act on."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class ServiceFailure(Exception):  # noqa: N818 - said as a sentence, like a Refusal
    """A server cannot be started or stopped; the message is the sentence to show, without a traceback."""


SENTENCES = {
    errno.ENOSPC: "The disk is full: {path} cannot be written. Free some space and start again.",
    errno.EDQUOT: "The disk quota is used up: {path} cannot be written. Free some space and start again.",
    errno.EROFS: "{path} lies on a read-only file system. Set NAVTRIAL_LOCAL to a folder that can be written.",
    errno.EACCES: "{path} cannot be written by this user. Change its owner, or set NAVTRIAL_LOCAL to another folder.",
    errno.EPERM: "{path} cannot be changed by this user. Change its owner, or set NAVTRIAL_LOCAL to another folder.",
    errno.ENOTDIR: "A file stands where a folder is needed: {path}. Remove it or set NAVTRIAL_LOCAL to another folder.",
    errno.EEXIST: "A file stands where a folder is needed: {path}. Remove it or set NAVTRIAL_LOCAL to another folder.",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an operating-system error within into a `ServiceFailure` about `path` or the file the error names."""
    try:
        yield
    except OSError as error:
        sentence = SENTENCES.get(error.errno or 0, "{path} cannot be used: {reason}.")
        raise ServiceFailure(sentence.format(path=error.filename or path, reason=error.strerror)) from error
