"""Starting on a machine where something is missing: one Chinese and one English line, and no trace."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ("sh", "dirname", "cat", "cksum", "tail")


@pytest.fixture
def machine(tmp_path):
    """A clone of the project's start-up files, and a PATH with the barest tools."""
    clone, tools = tmp_path / "clone", tmp_path / "tools"
    for folder in (clone / ".ci", tools):
        folder.mkdir(parents=True)
    for file in (".ci/venv", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / file, clone / file)
    for tool in TOOLS:
        (tools / tool).symlink_to(str(shutil.which(tool)))
    return clone


def install_python(machine: Path, name: str, script: str) -> None:
    python = machine.parent / "tools" / name
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)


def start(machine: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["./.ci/venv"],
        cwd=machine,
        env={"PATH": str(machine.parent / "tools"), "LANG": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def refused_in_both_languages(outcome: subprocess.CompletedProcess[str], chinese: str, english: str) -> bool:
    lines = outcome.stderr.splitlines()
    return outcome.returncode != 0 and len(lines) == 2 and chinese in lines[0] and english in lines[1]


def test_without_python(machine):
    outcome = start(machine)
    assert refused_in_both_languages(outcome, "需要 Python 3.11 或更高版本，找到的是：无", "found: none")


def test_with_an_old_python(machine):
    install_python(machine, "python3", 'test "$1" = -V && echo "Python 3.9.2" || exit 1')
    outcome = start(machine)
    assert refused_in_both_languages(outcome, "找到的是：Python 3.9.2", "found: Python 3.9.2")
    assert not (machine / ".venv").exists()


def test_a_newer_python_beside_the_old_one_is_taken(machine):
    install_python(machine, "python3", 'test "$1" = -V && echo "Python 3.9.2" || exit 1')
    without_ensurepip(machine, "python3.13")
    outcome = start(machine)
    assert refused_in_both_languages(outcome, "python3.13 缺少 venv 模块", "python3.13 lacks the venv module")


def test_without_the_venv_module(machine):
    without_ensurepip(machine, "python3")
    outcome = start(machine)
    assert refused_in_both_languages(outcome, "python3 缺少 venv 模块", "apt install python3-venv")
    assert not (machine / ".venv").exists()


def test_a_named_python_is_the_only_one_asked(machine):
    without_ensurepip(machine, "python3")
    outcome = start(machine, PYTHON="/nowhere/python3")
    assert refused_in_both_languages(outcome, "找到的是：无", "found: none")


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_no_port(port):
    assert refused_in_both_languages(ask_for_port(port), "PORT 须为 1 至 65535 的整数", f"it is: {port}")


def test_an_occupied_port():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert refused_in_both_languages(ask_for_port(port), f"端口 {port} 无法使用", f"Port {port} can't be used")
    assert ask_for_port(port).returncode == 0


def without_ensurepip(machine: Path, name: str) -> None:
    """As Debian ships it: a real Python whose ensurepip is taken out."""
    hole = machine.parent / "hole"
    hole.mkdir()
    (hole / "ensurepip.py").write_text("raise ImportError('No module named ensurepip')\n")
    install_python(machine, name, f'PYTHONPATH={hole} exec {sys.executable} "$@"')


def ask_for_port(port: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "gunicorn.conf.py"],
        cwd=ROOT,
        env={**os.environ, "PORT": port},
        capture_output=True,
        text=True,
        timeout=60,
    )
