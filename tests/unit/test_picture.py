"""The picture of the rooms: its arrows, and that it is up to date with the code."""

import pytest

from docs import draw, tables


def test_an_arrow_that_others_imply_is_left_out_and_one_of_a_circle_is_not() -> None:
    chain = {("jobs", "steps"): 1, ("steps", "lake"): 1, ("jobs", "lake"): 1}
    assert draw.without_implied(chain) == {("jobs", "steps"), ("steps", "lake")}
    circle = {("panel", "lake"): 1, ("lake", "panel"): 1, ("panel", "domain"): 1, ("lake", "domain"): 1}
    assert {("panel", "lake"), ("lake", "panel")} <= draw.without_implied(circle)


@pytest.mark.parametrize(
    ("module", "room"),
    [
        ("jobs.ingest", "jobs"),
        ("sf_spark.panel.build", "panel"),
        ("sf_spark.settings", draw.RIM),
        ("sf_spark.errors", draw.SHARED),
        ("sf_spark", draw.SHARED),
    ],
)
def test_a_module_is_in_the_room_of_its_package(module: str, room: str) -> None:
    assert draw.room_of(module) == room


def test_the_rooms_of_the_code_are_drawn_with_their_arrows() -> None:
    found = draw.arrows()
    assert found["jobs", "steps"] > 10 and found["sources", "landing"] > 50
    assert not any(start == "domain" for start, _ in found)
    picture = "\n".join(draw.room_picture(found))
    assert "jobs --> steps" in picture and "jobs --> lake" not in picture


def test_the_flow_is_what_the_jobs_say() -> None:
    jobs = {job: (read, written) for job, read, written in draw.flow()}
    assert jobs["build_panel"] == (["staged/*"], ["panel/etablissement", "panel/entreprise"])
    assert "quarantine" in jobs["ingest"][1]


def test_every_column_of_the_lists_is_described() -> None:
    assert tables.PLACE.read_text(encoding="utf-8") == tables.page()
