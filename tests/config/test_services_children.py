"""The demonstration's own processes end with it, however it ends."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from trial.config.services import Child, ServiceFailure, run_server, stopped_together
from trial.config.services.processes import free_port

pytestmark = pytest.mark.slow

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
PARENT = """
import sys, time
from trial.config.services import Child
child = Child.start("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], {})
print(child.process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAVTRIAL_LOCAL", str(tmp_path))


def python(code: str) -> Child:
    return Child.start("child", [sys.executable, "-c", code], {"ANSWER": "42"})


def test_a_child_ends_when_asked() -> None:
    child = python("import time; time.sleep(60)")
    child.check()
    child.stop()
    assert child.process.returncode == -signal.SIGTERM


def test_a_child_that_does_not_listen_is_made_to_end() -> None:
    child = python(STUBBORN)
    while not child.log.read_text():
        time.sleep(0.01)
    child.stop(patience=0.2)
    assert child.process.returncode == -signal.SIGKILL


def test_a_child_that_ended_by_itself_is_told_with_its_last_words() -> None:
    child = python("import os, sys; sys.exit('no answer but ' + os.environ['ANSWER'])")
    child.process.wait()
    with pytest.raises(ServiceFailure, match="The child has ended: no answer but 42"):
        child.check()


def test_a_child_that_does_its_work_and_ends_is_waited_for() -> None:
    child = python("import time; time.sleep(0.2)")
    child.wait()
    child.stop()
    assert child.process.returncode == 0


def test_a_child_that_fails_at_its_work_is_told_with_its_last_words() -> None:
    with pytest.raises(ServiceFailure, match="The child has failed: no way"):
        python("import sys; sys.exit('no way')").wait()
    with pytest.raises(ServiceFailure, match="The child has failed: it ended with -9"):
        python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)").wait()


def test_children_are_stopped_when_the_block_fails() -> None:
    children = [python("import time; time.sleep(60)") for _ in range(2)]
    with pytest.raises(KeyError), stopped_together(*children):
        raise KeyError
    assert all(child.process.returncode is not None for child in children)


@pytest.mark.skipif(not shutil.which("setpriv"), reason="no setpriv on this machine: a child is not tied to its parent")
def test_a_child_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = psutil.Process(int(parent.stdout.readline()))
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_the_site_is_served_until_it_is_stopped() -> None:
    port = free_port()
    server = run_server(port=port, workers=1)
    with stopped_together(server), urllib.request.urlopen(f"http://127.0.0.1:{port}/isalive") as answer:
        assert answer.read() == b"ok"
    assert server.process.returncode == 0
