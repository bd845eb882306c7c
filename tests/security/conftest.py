"""Worlds share their keys over the whole run, since making them takes longer than any test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.security.world import World


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("development-authority")


@pytest.fixture
def ihe(key_folder: Path) -> World:
    return World.of("ihe", key_folder)


@pytest.fixture
def french(key_folder: Path) -> World:
    return World.of("fr-dmp", key_folder)
