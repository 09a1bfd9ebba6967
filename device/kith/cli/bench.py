"""`kith bench`: how fast this very board is."""

from __future__ import annotations

import click

from kith.cli.base import echo_json, settings_of


@click.command()
@click.option("--here", is_flag=True, required=True, help="On this very board.")
@click.option("--rounds", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Of each step.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
@click.pass_context
def bench(ctx: click.Context, here: bool, rounds: int, as_json: bool) -> None:
    """Time each step from picture to speech: can this board look as often as its settings ask?

    Steps, temperature, clock, under-voltage and throttling, beside what the board's profile expects
    (docs/boards.md). What is looked at is made up, and the times do not depend on it; nothing is heard,
    nothing is kept. Stop the device first (sudo systemctl stop kith); the guard may go on. The exit status is
    0 also where a board is too slow.

    \b
    With --json the object has these fields, milliseconds and degrees Celsius, null where nothing tells:
      board, machine, profile, processors, threads
      steps             a list: name, median_ms, p95_ms, rounds, expected_ms, verdict
      missing           a list of what could not be timed, in words
      before, after     temperature_c, under_voltage, capped, throttled, too_hot, mhz, most_mhz
      flags_seen        a list of what was up in any round
      rss_mib, guard_readings_s
      busy, expected_busy, asked_looks_s, looks_s, keeps_up
    """
    from kith.runtime.memory import start_small

    start_small()
    from kith.app.bench_here import bench_here
    from kith.app.bench_report import as_json as in_json
    from kith.app.bench_report import lines

    def say(words: str) -> None:
        click.echo(f"kith: {words}", err=True)

    report = bench_here(settings_of(ctx), rounds, say)
    if as_json:
        echo_json(in_json(report))
        return
    for line in lines(report):
        click.echo(line)
