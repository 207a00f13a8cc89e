"""The command and its sub-commands, each of which is loaded only when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from fleetlane.cli.main import app


@pytest.mark.parametrize("name", get_command(app).commands)
def test_each_command_says_what_it_is_for(name):
    alone, among_all = CliRunner().invoke(app, [name, "--help"]), CliRunner().invoke(app, ["--help"])
    assert alone.exit_code == 0
    assert f"fleetlane {name}" in alone.output
    assert f" {name} " in among_all.output


def test_an_unknown_command_is_answered_with_the_one_that_was_meant():
    result = CliRunner().invoke(app, ["demmo"])
    assert result.exit_code == 2
    assert "Did you mean 'demo'?" in result.output


def test_a_small_command_loads_neither_the_store_nor_the_web_server():
    program = (
        "import sys; from fleetlane.cli.main import app; app(['version'], standalone_mode=False);"
        "print(*sorted({'sqlalchemy', 'fastapi', 'fleetlane.bootstrap.server'} & sys.modules.keys()))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[1:] == [""]


def test_a_server_loads_no_library_before_it_is_needed():
    wanted = "{'openpyxl', 'joserfc', 'cryptography', 'alembic'}"
    program = f"import sys, fleetlane.cli.serve; print(*sorted({wanted} & sys.modules.keys()))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []
