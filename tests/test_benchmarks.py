"""Every benchmark runs; only `python run.py bench` says how fast."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.clock import Go, Outcome, Race, Spread, run
from benchmarks.figures import figures
from benchmarks.races import races
from benchmarks.report import lost, report, unreached

ROOT = Path(__file__).parent.parent


def test_all_run_on_very_little():
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in sys.path if p))
    command = [sys.executable, "-m", "benchmarks", "--quick"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    for line in [*races(quick=True), *figures(quick=True)]:
        assert f"| {line.what} |" in done.stdout
    assert "how it grows" in done.stderr


def outcome(*theirs, why=""):
    """Three rounds in which ours took a second each, and the peer this long."""
    peers = {"peer": Go(int), "gone": Go(int)}
    race = Race("adding up", Go(int), peers, {"peer": 2, "gone": 2}, why=why)
    return Outcome(race, dict(ours=Spread((1, 1, 1)), peer=Spread(theirs)), {}, ["gone"])


def test_a_peer_that_is_not_installed_is_left_out():
    def absent():
        raise ImportError

    done = run(Race("nothing", Go(lambda: int), dict(gone=Go(absent))), rounds=2, at_least=0)
    assert done.absent == ["gone"]
    assert len(done.seconds["ours"].rounds) == 2


def test_what_is_missed_and_who_wins_is_said():
    slow = outcome(0.5, 0.25, 0.125)
    assert list(unreached([slow])) == ["- adding up, against peer: 0.25 (0.125–0.5), not 2."]
    assert list(lost([slow])) == ["- adding up: peer is 4 times as fast."]
    text = report([slow], [], rounds=3)
    assert "| 250 ms a step | 0.25 (0.125–0.5) | ≥ 2: **no** |" in text
    assert "| gone | not installed |" in text


def test_a_reason_that_two_misses_share_is_given_once():
    slow = outcome(0.5, 0.25, 0.125, why="The peer cheats.")
    said = list(unreached([slow, slow]))
    assert said[2:] == ["\nThe peer cheats.\n"] and len(said) == 3


def test_what_is_reached_is_not_excused():
    fast = outcome(2, 3, 4)
    assert not list(unreached([fast]))
    assert not list(lost([fast]))
    assert "≥ 2: yes" in report([fast], [], rounds=3)


def test_a_spread_says_its_range():
    assert f"{Spread((3.0, 1.0, 1000.0))}" == "3 (1–1,000)"
