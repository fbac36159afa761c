"""The image without an engine: built by its own steps, run without rights from folders that cannot be written, and
under the restrictions of the systemd unit; and the wheel where a stranger installs it.
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.markers import Marker

from release.sbom import locked
from tests.acceptance.image import NOBODY, Image, as_nobody, python_for_nobody
from tests.acceptance.recipes import ROOT, stages, unit

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("packaged")]

SETTINGS = """
[fetch]
every = "1s"
[web]
listen = "0.0.0.0:{port}"
token = "0123456789abcdef"
[feeds.ministry]
url = "{site}/feed.xml"
first_fetch = "all"
[rules.syria]
match = "Syria"
notify = ["hook"]
[channels.hook]
type = "webhook"
url = "{site}/hook"
"""


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    python = python_for_nobody()
    if not python:
        pytest.skip("no Python with venv that an unprivileged process may run")
    folder = Path(tempfile.mkdtemp(prefix="feedwitness-image-"))
    folder.chmod(0o755)
    try:
        made = Image(folder)
        made.build(python)
        made.seal()
        yield made
    finally:
        subprocess.run(["chmod", "-R", "u+w", folder], check=True, timeout=60)
        shutil.rmtree(folder)


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def until(fact, process, within=60.0):
    limit = time.monotonic() + within
    while not fact():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < limit
        time.sleep(0.05)


def health(image: Image, port: int) -> subprocess.CompletedProcess[str]:
    """The image's own health check, at this test's port."""
    words = [image.told(word.replace("8321", str(port))) for word in stages()[-1].one("HEALTHCHECK").words]
    return subprocess.run(
        as_nobody(words), env=image.environment, capture_output=True, text=True, timeout=30, check=False
    )


def write_settings(image: Image, ministry, port: int) -> None:
    file = image.path("/etc/feedwitness/feedwitness.toml")
    file.parent.mkdir(parents=True, exist_ok=True)
    site = ministry.base.replace("127.0.0.1", "localhost")  # a name: it has to be looked up, too
    file.write_text(SETTINGS.format(port=port, site=site))


def empty(state: Path) -> None:
    for file in state.iterdir():
        file.unlink()


def witness(image: Image, ministry, port: int, words: list[str], **environ: str) -> None:
    """Run it until it is ready and has told of a statement; then stop it as an engine and systemd do."""
    state = image.path("/var/lib/feedwitness")
    empty(state)
    write_settings(image, ministry, port)
    ministry.say("aid", "Aid for Syria", "The convoy for Syria left.", 1)
    assert health(image, port).returncode == 1
    before = image.files()
    with image.running(words, environ) as process:
        until(lambda: status(port, "/readyz") == 200, process)
        until(lambda: ministry.received, process)
        assert health(image, port).returncode == 0
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=15)[0]
        assert process.returncode == 0, said
    assert "ERROR" not in said, said
    assert image.files() == before, "it wrote somewhere else than into its state"
    assert (state / "feedwitness.db").stat().st_size > 0
    assert (state / "feedwitness.db").stat().st_uid == (NOBODY if os.geteuid() == 0 else os.geteuid())


@pytest.mark.long
def test_the_image_runs_without_rights_and_writes_nothing_but_its_state(image, ministry, port):
    last = stages()[-1]
    witness(image, ministry, port, as_nobody([*last.one("ENTRYPOINT").words, *last.one("CMD").words]))


@pytest.mark.long
def test_the_image_holds_what_the_lock_names_and_nothing_else(image):
    (packages,) = image.path("/opt/feedwitness/lib").glob("python*/site-packages")
    found = {one.name.lower().replace("_", "-"): one.version for one in distributions(path=[str(packages)])}
    ours = found.pop("feedwitness")
    pinned = locked((ROOT / "requirements" / "run.txt").read_text(encoding="utf-8"))
    assert found == {one.name: one.version for one in pinned if not one.marker or Marker(one.marker).evaluate()}
    assert (image.path("/source") / "dist" / f"feedwitness-{ours}-py3-none-any.whl").is_file()


@pytest.mark.long
def test_the_wheel_of_the_image_is_the_wheel_of_the_release(image, tmp_path):
    (made,) = (image.path("/source") / "dist").glob("*.whl")
    hatchling = Path(sys.executable).parent / "hatchling"
    subprocess.run([hatchling, "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, check=True, timeout=60)
    assert (tmp_path / made.name).read_bytes() == made.read_bytes()


def syscalls(name: str) -> set[str]:
    """The system calls of one of systemd's groups."""
    shown = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, timeout=30)
    assert shown.returncode == 0, shown.stderr
    lines = [line.strip() for line in shown.stdout.splitlines()[1:]]
    found: set[str] = set()
    for line in (line for line in lines if line and not line.startswith("#")):
        found |= syscalls(line) if line.startswith("@") else {line}
    return found


def restrictions() -> str:
    allowed, refused = unit()["SystemCallFilter"]
    assert refused.startswith("~")
    calls = set().union(*map(syscalls, allowed.split()))
    calls -= set().union(*map(syscalls, refused[1:].split()))
    (families,) = unit()["RestrictAddressFamilies"]
    return json.dumps({"calls": sorted(calls), "families": families.split(), "uid": NOBODY})


@pytest.fixture(scope="module")
def unit_words(image) -> list[str]:
    """A prefix that runs a command under the restrictions of the unit."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    python = image.path("/opt/feedwitness/bin/python")
    sandbox = image.root / "sandbox.py"
    shutil.copyfile(Path(__file__).with_name("sandbox.py"), sandbox)
    prefix = [str(python), "-I", str(sandbox), restrictions()]
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True, timeout=30)
    if tried.returncode != 0:
        pytest.skip(f"libseccomp is not installed, or filters may not be set here: {tried.stderr[-200:]}")
    return prefix


@pytest.mark.long
@pytest.mark.parametrize(
    "forbidden",
    [
        "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
        "import os; os.chroot('/')",
        "import os; os.setpriority(os.PRIO_PROCESS, 0, 5)",
    ],
)
def test_the_restrictions_of_the_unit_hold(image, unit_words, forbidden):
    python = str(image.path("/opt/feedwitness/bin/python"))
    tried = subprocess.run([*unit_words, python, "-I", "-c", forbidden], capture_output=True, text=True, timeout=30)
    assert "Error" in tried.stderr
    assert tried.returncode == 1


@pytest.mark.long
def test_the_daemon_needs_nothing_that_the_unit_forbids(image, unit_words, ministry, port):
    started = image.told(unit()["ExecStart"][0]).split()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        address = image.root / "notify"
        manager.bind(str(address))
        address.chmod(0o777)
        try:
            witness(image, ministry, port, [*unit_words, *started], NOTIFY_SOCKET=str(address))
        finally:
            address.unlink()
        manager.setblocking(False)
        words = [line for said in datagrams(manager) for line in said.decode().splitlines()]
    assert words[0] == "READY=1", "the unit waits for it: Type=notify"
    assert "STOPPING=1" in words


def datagrams(receiver: socket.socket) -> Iterator[bytes]:
    """What has arrived by now."""
    with suppress(BlockingIOError):
        while True:
            yield receiver.recv(4096)


@pytest.mark.long
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    here = tmp_path / "feedwitness.service"
    text = (ROOT / "deploy" / "feedwitness.service").read_text(encoding="utf-8")
    here.write_text(text.replace("/opt/feedwitness/bin/feedwitness", shutil.which("true") or "/bin/true"))
    verified = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True, timeout=60)
    complaints = [line for line in verified.stderr.splitlines() if "ignoring: notify-reload" not in line]
    assert complaints == []
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", here], capture_output=True, text=True, timeout=60
    )
    exposure = float(re.search(r"Overall exposure level for \S+: (\d+\.\d+)", judged.stdout)[1])
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    told = float(re.search(r"gives it (\d\.\d), of 10", page)[1])
    assert exposure == pytest.approx(told, abs=0.3), "versions of systemd weigh a little differently"


@pytest.mark.long
def test_a_stranger_installs_the_wheel_and_is_not_disturbed_by_files_of_that_name(image, tmp_path):
    (wheel,) = (image.path("/source") / "dist").glob("*.whl")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True, timeout=120)
    pip = [venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", wheel]
    subprocess.run(pip, check=True, timeout=300)
    work = tmp_path / "work"
    work.mkdir()
    for name in ("config", "store", "alerts", "aggregator"):
        (work / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(work)}
    for words in (["--version"], ["check", "--config", "shipped:starter/feedwitness.toml"]):
        done = subprocess.run(
            [venv / "bin" / "feedwitness", *words],
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
