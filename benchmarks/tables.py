"""What `manage.py bench` prints: for each part its tables, whose rows are label, figure and aim."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks import annotations, arena, cadence, dissection, leaderboard, survey, variants
from benchmarks.aims import Row
from benchmarks.study import PERSONAS

FIRST, RATE, CHUNKS = 0.3, 30, 60
SPEAKING = FIRST + (CHUNKS - 1) / RATE
Tables = dict[str, Sequence[Row]]

STREAMING = (
    ("Prism: last participant done, median of rounds (s)", "done_s", ""),
    ("Provider's own time, which is the ideal (s)", "provider_s", ""),
    ("Prism: last participant done / provider's own time", "ratio_to_provider", "at most 1.6"),
    ("Bare relay: last participant done, median of rounds (s)", "relay_s", ""),
    ("Prism / bare relay, pair by pair, median", "ratio_to_relay", ""),
    ("Prism: first text, p95 over participants (s)", "first_p95_s", ""),
    ("Bytes of events / bytes of text, worst participant", "bytes_per_text", "at most 6"),
    ("Bytes of a 10 x longer answer / of the short one", "bytes_long_to_short", "at most 11"),
    ("Events a second and participant, highest", "events_per_s", "at most 12.5"),
    ("Answers incomplete", "incomplete", "0"),
)
SURVEY = tuple(
    row
    for people in survey.CROWDS
    for row in (
        (f"{people} people: Prism, steps a second", f"steps_{people}", ""),
        (f"{people} people: oTree, steps a second", f"otree_{people}", ""),
        (f"{people} people: Prism / oTree", f"steps_ratio_{people}", "at least 2"),
        (f"{people} people: Prism, p95 of a step (s)", f"steps_p95_{people}", ""),
        (f"{people} people: oTree, p95 of a step (s)", f"otree_p95_{people}", ""),
        (f"{people} people: errors", f"steps_errors_{people}", "0"),
    )
)
THINKING = (
    ("People", "thinking_people", ""),
    ("People who finished the survey or were screened out", "thinking_ended", "all"),
    ("Pages", "thinking_pages", ""),
    ("Pages a second", "thinking_pages_per_s", ""),
    ("Errors", "thinking_errors", "0"),
    ("Median of a page (s)", "thinking_p50_s", ""),
    ("p95 of a page (s)", "thinking_p95_s", "below 0.3"),
)
LARGE_STUDY = (
    ("People", "large_people", ""),
    ("Answers", "large_answers", ""),
    ("Slowest view, median of its requests (ms)", "large_slowest_ms", "below 300"),
    ("Most queries of a view", "large_most_queries", "at most 12"),
    ("Storing quotas again, everybody seated (s)", "large_quotas_s", ""),
    ("Queries of it", "large_quotas_queries", ""),
)
LEADERBOARD = (
    ("Votes", "board_votes", ""),
    ("Prism: half wins, clustered intervals, ranks (s)", "board_half_s", "at most 1.5"),
    ("Prism: Davidson, clustered intervals, ranks (s)", "board_davidson_s", "at most 1.5"),
    ("Prism: Davidson with five covariates of style (s)", "board_style_s", "at most 3"),
    ("evalica: half wins, without intervals (s)", "evalica_s", ""),
    ("evalica: Newman's ties, without intervals (s)", "evalica_newman_s", ""),
    ("Points apart at most, half wins", "board_points_apart", "at most 0.05"),
)
DISSECTION = (
    ("Pairs", "dissect_pairs", ""),
    ("One judge, seconds of one core", "dissect_s", "at most 10"),
    ("One judge, by the clock (s)", "dissect_clock_s", ""),
    ("A judge where several are fitted together, seconds of one core", "dissect_together_s", ""),
    ("Effective draws of the coefficient that has fewest", "dissect_effective", "at least 400"),
    ("Largest R-hat", "dissect_r_hat", "at most 1.05"),
    ("Correlation with the weights that the votes were drawn by", "dissect_correlation", "at least 0.95"),
)
ANNOTATIONS = (
    ("Annotated pairs", "annotated_tasks", ""),
    ("Import, pairs a second", "annotated_in_per_s", "at least 5000"),
    ("Import, pairs a second of its processes' own time", "annotated_in_cpu_per_s", ""),
    ("Import, most memory beyond that before it (MB)", "annotated_in_mb", ""),
    ("The same less that of a fifth of the pairs (MB)", "annotated_in_growth_mb", "at most 50"),
    ("Export in the published schema, pairs a second", "annotated_out_per_s", "at least 10000"),
    ("Export, pairs a second of its process' own time", "annotated_out_cpu_per_s", ""),
    ("Export, most memory beyond that before it (MB)", "annotated_out_mb", ""),
    ("The same less that of a fifth of the pairs (MB)", "annotated_out_growth_mb", "at most 50"),
    ("All files of the format, Parquet and the long table too (s)", "annotated_whole_s", ""),
    ("Next task for an annotator, median (ms)", "annotated_next_ms", "below 50"),
    ("Slowest page about the batch, median of its requests (ms)", "annotated_pages_ms", "below 300"),
)


def judged(part: str) -> tuple[Row, ...]:
    return (
        ("Pairs", f"{part}_pairs", ""),
        ("From the start to the last result, kills included (s)", f"{part}_seconds", ""),
        ("Pairs with a result", f"{part}_results", ""),
        ("Pairs in quarantine", f"{part}_unusable", ""),
        ("Pairs with neither", f"{part}_missing", "at most 0"),
        ("Pairs whose result is not there exactly once", f"{part}_not_once", "at most 0"),
        ("Calls that the provider heard", f"{part}_calls", ""),
        ("Calls that failed or whose reply was not valid", f"{part}_failed", ""),
        ("Calls under way at the kills", f"{part}_in_flight", ""),
        ("Calls lost", f"{part}_lost", ""),
        ("Repeats beyond the calls under way", f"{part}_repeats_beyond", "at most 0"),
        ("Finished calls that were repeated", f"{part}_finished_repeated", "at most 0"),
        ("Money beyond the cap", f"{part}_over_cap", "at most 0"),
    )


CAPPED = (
    ("Pairs judged when the cap bit", "capped_low", "at least 1"),
    ("Pairs judged when it bit again, raised by half", "capped_high", "at least 1"),
    ("Pairs that were left then", "capped_left", "at least 1"),
    ("Money beyond either cap, at any moment", "capped_over", "at most 0"),
)


def of_parts(crowds: Sequence[int] = arena.CROWDS) -> dict[str, Tables]:
    """The tables of each part by their titles, for these sizes of the arena's crowds."""
    return {
        "streaming": {
            f"A turn of {len(PERSONAS)} models x {CHUNKS} chunks at {RATE} a second, all participants at "
            f"once; the provider itself takes {SPEAKING:.2f} s": STREAMING
        },
        "arena": {
            f"One message each in the arena, two answers of {arena.CHUNKS} words at {arena.RATE} a second, "
            f"all people at once; ideal {arena.IDEAL:.2f} s": arena.rows(crowds),
            "The same when something goes wrong": variants.rows(),
        },
        "cadence": {
            f"A fast and a slow model, {cadence.PEOPLE} people who ask again and again: can arrival times "
            "tell which is which?": cadence.rows()
        },
        "survey": {"A survey of four pages with eight questions, all at once, without thinking": SURVEY},
        "thinking": {"Consent and the PRISM survey, 3 to 10 s of thinking a page, all at once": THINKING},
        "monitor": {"A coordinator's views of a large study": LARGE_STUDY},
        "leaderboard": {
            f"A leaderboard of {leaderboard.MODELS} models and {leaderboard.PEOPLE} voters, best of "
            f"{leaderboard.RUNS} runs": LEADERBOARD
        },
        "dissect": {
            f"The dissection of {dissection.PAIRS} pairs by 29 properties, intervals included": DISSECTION
        },
        "judge": {
            "Verdicts of a judge in both orders, its worker killed twice": judged("judge"),
            "29 properties of each pair, step by step, in both orders, killed twice": judged("dissecting"),
            "The same with a cap of a fifth of its cost, then of three tenths": CAPPED,
        },
        "annotations": {
            f"Pairs with a query, two answers of {annotations.WORDS} words and a whole annotation by 29 "
            "properties": ANNOTATIONS
        },
    }


def lines(tables: Tables, figures: Mapping[str, Any]) -> Iterator[str]:
    """The tables as they are printed; rows without a figure are left out."""
    for title, rows in tables.items():
        measured = [row for row in rows if figures.get(row[1]) is not None]
        if measured:
            yield f"\n{title}"
        for label, name, aim in measured:
            yield f"{label:<78}{figures[name]:>10.2f}   {aim}".rstrip()
