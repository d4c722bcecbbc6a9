"""The catalogue names every demo once, and `kerasdemo lecture` lists it."""

import re

import pytest
from typer.testing import CliRunner

from kerasdemo import cli
from kerasdemo.config import InputError
from kerasdemo.lecture import catalogue, shipped


def test_the_list_names_every_demo_of_every_part() -> None:
    result = CliRunner().invoke(cli.app, ["lecture"])
    assert result.exit_code == 0
    for demo in catalogue.DEMOS:
        time = "about [0-9]" if demo.experiment else "seconds"
        assert re.search(rf"^{demo.part} +{demo.name} +\S.* {time}", result.stdout, re.MULTILINE)
    assert {demo.part for demo in catalogue.DEMOS} == set(catalogue.PARTS)


def test_names_are_unique_and_experiments_exist() -> None:
    names = [demo.name for demo in catalogue.DEMOS]
    assert len(set(names)) == len(names)
    files = {shipped.experiment(demo.experiment) for demo in catalogue.DEMOS if demo.experiment}
    assert files == set((shipped.root() / "experiments" / "lecture").rglob("*.yaml"))


def test_a_name_or_a_part_is_selected() -> None:
    assert [demo.name for demo in catalogue.select("depth")] == ["depth"]
    assert {demo.part for demo in catalogue.select("keras2")} == {"keras2"}
    with pytest.raises(InputError, match=r"fizbuzz.*fizzbuzz"):
        catalogue.select("fizbuzz")
