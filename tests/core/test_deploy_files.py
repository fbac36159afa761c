"""Containerfile, compose.yaml and the systemd unit agree with the program, with the settings and with each other."""

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
import typer.main
import yaml

from aggregator.cli.main import build
from aggregator.metrics import Metrics
from aggregator.settings import load
from tests.acceptance.recipes import ROOT, compose, context, ignored, seconds, stages, unit

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TREE = typer.main.get_command(build())
DEPLOY = ("feedwitness.service", "healthcheck.py", "make-token", "prometheus-rules.yml", "compose/feedwitness.toml")
SHIPPED = ["Containerfile", ".dockerignore", "compose.yaml", *(f"deploy/{name}" for name in DEPLOY)]
UID = "8321:8321"


def served() -> dict:
    return compose()["services"]["feedwitness"]


def settings_of_compose() -> dict:
    return tomllib.loads((ROOT / "deploy" / "compose" / "feedwitness.toml").read_text(encoding="utf-8"))


def known(words: list[str]) -> bool:
    """Whether these are a command of the program with options that it has."""
    (name, *rest) = words
    command = TREE.commands.get(name)
    options = {each for holder in (TREE, command) if holder for one in holder.params for each in one.opts}
    return command is not None and all(word in options for word in rest if word.startswith("-"))


# --- the image -------------------------------------------------------------------------------------------------------


def test_what_is_copied_exists_and_is_not_ignored():
    copied = [(stage, step) for stage in stages() for step in stage.all("COPY")]
    names = {stage.name for stage in stages()}
    for _, step in copied:
        words = shlex.split(step.rest)
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in names
            continue
        for source in words[:-1]:
            assert (ROOT / source).exists(), source
            assert not ignored(source.rstrip("/")), source


def test_the_build_sees_the_four_rooms_the_locks_and_nothing_else():
    seen = set(context())
    assert {path for path in seen if "/" not in path} == {"pyproject.toml", "README.md", "LICENSE"}
    assert {path.split("/")[0] for path in seen if "/" in path} == {
        "aggregator", "alerts", "config", "store", "requirements", "deploy"}  # fmt: skip
    assert {path for path in seen if path.startswith(("requirements/", "deploy/"))} == {
        "requirements/run.txt", "requirements/build.txt", "deploy/healthcheck.py"}  # fmt: skip
    assert {"aggregator/py.typed", "config/starter/feedwitness.toml", "alerts/templates/alert.html"} <= seen


@pytest.mark.parametrize("path", ["secrets/token", ".env", "feedwitness.db", "store/__pycache__/x.pyc", ".git/config"])
def test_secrets_records_and_caches_never_get_into_an_image(path):
    assert ignored(path)


def test_the_image_has_a_python_that_the_project_is_made_for():
    bases = {stage.base for stage in stages()}
    assert len(bases) == 1
    python = re.fullmatch(r"python:(\d+\.\d+)-slim-\w+", bases.pop())[1]
    assert f"Programming Language :: Python :: {python}" in PROJECT["project"]["classifiers"]
    assert f">={python}" == PROJECT["project"]["requires-python"], "the image runs what every test runs on"


def test_nothing_is_installed_but_what_a_lock_names_and_hashes():
    commands = [command for stage in stages() for step in stage.all("RUN") for command in step.rest.split("&&")]
    installs = [command for command in commands if "pip " in command and " install " in command]
    assert len(installs) == 3
    for command in installs:
        if "--no-index" not in command:
            assert "--require-hashes" in command
            (lock,) = re.findall(r"-r (\S+)", command)
            assert (ROOT / lock).is_file()


def test_the_image_runs_as_a_fixed_user_that_owns_only_its_state():
    image = stages()[-1]
    (making,) = [step.rest for step in image.all("RUN")]
    uid, gid = UID.split(":")
    assert image.one("USER").rest == UID
    assert f"--gid {gid} feedwitness" in making
    assert f"--uid {uid}" in making
    assert f"install -d -o {uid} -g {gid} -m 0750 /var/lib/feedwitness" in making
    state = image.env["STATE_DIRECTORY"]
    assert [state] == image.one("VOLUME").words
    assert image.one("WORKDIR").rest == state


def test_the_environment_of_the_image_is_one_that_somebody_reads():
    ours = {"FEEDWITNESS_CONFIG", "STATE_DIRECTORY"}
    others = {"PATH", "PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE", "SQLITE_TMPDIR"}  # the shell, Python, SQLite
    assert stages()[-1].env.keys() == ours | others
    read = "".join((ROOT / "config" / name).read_text(encoding="utf-8") for name in ("files.py", "load.py"))
    assert all(f'"{name}"' in read for name in ours)


def test_the_image_runs_a_command_that_is_there_and_stops_as_the_program_wants_it():
    image = stages()[-1]
    assert image.one("ENTRYPOINT").words == list(PROJECT["project"]["scripts"])
    assert known(image.one("CMD").words)
    assert image.one("STOPSIGNAL").rest == "SIGTERM"


@pytest.mark.parametrize("name", SHIPPED)
def test_no_host_of_a_registry_is_named(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"index-url|docker\.io|ghcr\.io|quay\.io|pypi|files\.pythonhosted", text)


# --- compose ---------------------------------------------------------------------------------------------------------


def test_what_compose_mounts_builds_and_keeps_is_there():
    whole, service = compose(), served()
    assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    kept = [volume.split(":") for volume in service["volumes"]]
    for source, target, *mode in kept:
        if source.startswith("."):
            assert (ROOT / source).is_dir()
            assert mode == ["ro"]
            assert stages()[-1].env["FEEDWITNESS_CONFIG"] == f"{target}/feedwitness.toml"
        else:
            assert source in whole["volumes"]
            assert target == stages()[-1].env["STATE_DIRECTORY"]
    assert len(kept) == 2
    assert set(service["depends_on"]) <= whole["services"].keys()


def test_no_service_runs_as_root():
    assert compose()["services"]["mail"]["user"] == "65534:65534"
    assert "user" not in served(), "ours has its user from the image, which owns the state"


def test_every_service_is_locked_up_and_published_on_this_machine_alone():
    for name, service in compose()["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["restart"] == "unless-stopped", name
        assert not service.keys() & {"privileged", "cap_add", "network_mode", "pid", "devices"}, name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name


def test_the_port_is_one_and_the_same_everywhere():
    (port,) = {stages()[-1].one("EXPOSE").rest}
    listen = settings_of_compose()["web"]["listen"]
    assert listen == f"0.0.0.0:{port}"
    assert served()["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert settings_of_compose()["web"]["base_url"] == f"http://127.0.0.1:{port}"
    assert stages()[-1].one("HEALTHCHECK").words[-1] == f"127.0.0.1:{port}"


def test_the_health_check_of_compose_is_that_of_the_image():
    step, check = stages()[-1].one("HEALTHCHECK"), served()["healthcheck"]
    assert check["test"] == ["CMD", *step.words]
    for key in ("interval", "timeout", "start_period", "retries"):
        assert f"--{key.replace('_', '-')}={check[key]}" in step.rest


def test_the_mail_goes_to_the_catcher():
    desk = settings_of_compose()["channels"]["desk"]
    assert desk["host"] in compose()["services"]
    assert desk["security"] == "none"


def test_a_stop_leaves_the_daemon_its_ten_seconds():
    assert seconds(served()["stop_grace_period"]) > 10
    assert seconds(unit()["TimeoutStopSec"][0]) > 10


def test_the_secret_of_compose_is_the_one_that_the_settings_read():
    (name,) = served()["secrets"]
    assert settings_of_compose()["web"]["token"] == {"file": f"/run/secrets/{name}"}
    wanted = compose()["secrets"][name]["file"]
    variable, message = re.fullmatch(r"\$\{(\w+):\?(.+)\}", wanted).groups()
    script = re.search(r"deploy/\S+", message)[0]
    assert f"{variable}=" in (ROOT / script).read_text(encoding="utf-8")


def test_the_settings_of_compose_are_right(tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    shown = (ROOT / "deploy" / "compose" / "feedwitness.toml").read_text(encoding="utf-8")
    (tmp_path / "feedwitness.toml").write_text(shown.replace("/run/secrets/feedwitness_token", str(token)))
    loaded = load("feedwitness.toml", {}, tmp_path)
    assert loaded.mistakes == ()
    assert loaded.settings.rules.keys() == {"syria", "peacekeeping", "sources"}
    assert len(loaded.settings.feeds) > 12


def test_the_token_is_made_once_out_of_others_reach_and_named_to_compose(tmp_path):
    (tmp_path / "deploy").mkdir()
    script = tmp_path / "deploy" / "make-token"
    script.write_bytes((ROOT / "deploy" / "make-token").read_bytes())
    for _ in range(2):
        subprocess.run(["/bin/sh", script], check=True, capture_output=True, umask=0o077, timeout=10)
    token = tmp_path / "secrets" / "token"
    assert re.fullmatch(r"[0-9a-f]{64}", token.read_text())
    assert token.parent.stat().st_mode & 0o777 == 0o700
    assert token.stat().st_mode & 0o777 == 0o644  # the container's user is another one
    assert (tmp_path / ".env").read_text() == "FEEDWITNESS_TOKEN_FILE=./secrets/token\n"
    before = token.read_text()
    subprocess.run(["/bin/sh", script], check=True, capture_output=True, timeout=10)
    assert token.read_text() == before


def test_what_make_token_writes_is_kept_out_of_the_repository():
    kept_out = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/secrets/", "/.env"} <= set(kept_out)


# --- systemd ---------------------------------------------------------------------------------------------------------


def test_the_unit_starts_a_command_that_is_there():
    (started,) = unit()["ExecStart"]
    program, *words = shlex.split(started)
    assert Path(program).name in PROJECT["project"]["scripts"]
    assert known(words)
    assert words[words.index("--config") + 1] == "/etc/feedwitness/feedwitness.toml"


def test_the_unit_keeps_state_where_the_image_does():
    assert unit()["StateDirectory"] == ["feedwitness"]
    assert stages()[-1].env["STATE_DIRECTORY"] == "/var/lib/feedwitness"


def test_the_unit_restarts_what_a_restart_can_cure():
    assert unit()["Restart"] == ["on-failure"]
    assert unit()["RestartPreventExitStatus"] == ["2"]
    assert unit()["KillMode"] == ["mixed"], "TERM to the parsers too would make a stop look like failed polls"
    assert unit()["Type"] == ["notify", "notify-reload"]


# --- what to be woken by ---------------------------------------------------------------------------------------------


def rules() -> list[dict]:
    (group,) = yaml.safe_load((ROOT / "deploy" / "prometheus-rules.yml").read_text(encoding="utf-8"))["groups"]
    return group["rules"]


def test_the_rules_for_prometheus_ask_for_metrics_labels_and_values_that_are_there():
    from typing import get_args

    from store.ports import DeliveryState

    labels = {"feedwitness_polls_total": {"outcome": {"good"}}, "feedwitness_deliveries_total": {
        "outcome": set(get_args(DeliveryState))}, "feedwitness_queue": {"queue": {*get_args(DeliveryState), "unread"}},
        "feedwitness_feeds": {"health": {"ok", "failing", "degraded", "gone", "quiet", "off"}}}  # fmt: skip
    there = {one.name + ("_total" if one.type == "counter" else "") for one in Metrics().registry.collect()}
    for rule in rules():
        assert rule["annotations"].keys() == {"summary", "do"}, rule["alert"]
        asked = re.findall(r"(feedwitness_\w+)(?:\{(\w+)=\"(\w+)\"\})?", rule["expr"])
        assert asked or rule["expr"] == 'up{job="feedwitness"} == 0'
        for metric, label, value in asked:
            assert metric in there, rule["alert"]
            assert not label or value in labels[metric][label], rule["alert"]


def test_what_a_rule_tells_to_do_can_be_done():
    told = [shown for rule in rules() for shown in re.findall(r"`feedwitness ([^`]+)`", rule["annotations"]["do"])]
    assert told
    assert all(known(shown.split()) for shown in told)
