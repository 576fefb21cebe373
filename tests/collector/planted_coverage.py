# SPDX-License-Identifier: Apache-2.0
"""Bugs to plant in what coverage records and the advice say, each with the test that finds it.

As in ``tests/engine/planted.py``, but a bug here needs no history that has to be searched for: one
told test shows it. ``test_planted_coverage.py`` proves that.
"""

from __future__ import annotations

from typing import NamedTuple

_COVERAGE = "tests/engine/test_coverage.py::"
_ADVICE = "tests/engine/test_advice.py::"
_COMPARING = "tests/collector/test_comparing.py::"
_WALKS = "tests/collector/test_walks.py::"
_TALLIES = "tests/collector/test_tallies.py::"
_LIVES = "tests/collector/test_coverage.py::"
_GROWN = "tests/collector/test_grown.py::"


class Bug(NamedTuple):
    """One change to one file: ``name`` says what it makes wrong, ``test`` is what must find it."""

    name: str
    file: str
    old: str
    new: str
    test: str


BUGS = (
    # -- which hours are due -------------------------------------------------------------------
    Bug(
        "an hour is recorded before the deepest sweep has passed it",
        "engine/coverage.py",
        "return (swept[-1] - tolerance(levels) + 1) // HOUR - 1",
        "return (swept[-1] - tolerance(levels) + 1) // HOUR",
        _COVERAGE + "test_an_hour_is_due_when_the_sweeps_have_passed_it",
    ),
    Bug(
        "an hour waits for one second more than it has",
        "engine/coverage.py",
        "return (swept[-1] - tolerance(levels) + 1) // HOUR - 1",
        "return (swept[-1] - tolerance(levels)) // HOUR - 1",
        _COVERAGE + "test_an_hour_is_due_when_the_sweeps_have_passed_it",
    ),
    Bug(
        "the hour after one with a record counts as having one",
        "engine/coverage.py",
        "*(Span(h, h) for h in hours)",
        "*(Span(h, h + 1) for h in hours)",
        _COVERAGE + "test_what_has_a_record_or_is_to_have_none_is_not_due",
    ),
    Bug(
        "seconds that nobody asked for are compared",
        "engine/coverage.py",
        "return tuple(within(seconds_of(hours), united(asked(ledger))))",
        "return (seconds_of(hours),)",
        _COVERAGE + "test_only_what_was_asked_for_is_due_and_read",
    ),
    Bug(
        "the index does not wait for the record of the floor's own hour",
        "engine/coverage.py",
        "without(Span(oldest, ledger.floor // HOUR), ledger.covered)",
        "without(Span(oldest, ledger.floor // HOUR - 1), ledger.covered)",
        _COVERAGE + "test_the_index_waits_for_a_record_and_not_for_ever",
    ),
    # -- what a record says --------------------------------------------------------------------
    Bug(
        "late events count as delivered the first time",
        "engine/records.py",
        '"first_time": max(0, found.delivered - tally.late - tally.repaired),',
        '"first_time": max(0, found.delivered - tally.repaired),',
        _COVERAGE + "test_texts_and_back",
    ),
    Bug(
        "what a sealed hour is short of is not told as missing",
        "engine/records.py",
        "missing = tally.missing + found.short\n    return json",
        "missing = tally.missing\n    return json",
        _COVERAGE + "test_what_a_sealed_hour_is_short_of_is_measured_anew_each_time",
    ),
    Bug(
        "what a sealed hour was short of counts again in its next record",
        "engine/records.py",
        'missing=min(_count(data["missing"]), _count(data["repaired"])),',
        'missing=_count(data["missing"]),',
        _COVERAGE + "test_what_a_sealed_hour_is_short_of_is_measured_anew_each_time",
    ),
    Bug(
        "a record that comes twice cannot be told from another one",
        "engine/records.py",
        "    name = id_of(record)\n",
        '    name = f"{id_of(record)}/{record.closed}"\n',
        _COVERAGE + "test_texts_and_back",
    ),
    Bug(
        "two organizations' records have one name",
        "engine/records.py",
        'return f"{record.account}/{record.input}/{_moment(record.hour * HOUR)}"',
        'return f"{record.input}/{_moment(record.hour * HOUR)}"',
        _COVERAGE + "test_texts_and_back",
    ),
    # -- what is compared ----------------------------------------------------------------------
    Bug(
        "an hour is done with while its oldest seconds are not read",
        "collector/comparing.py",
        "done = range(self.hour_from - 1, max(open_to // HOUR, self._oldest - 1), -1)",
        "done = range(self.hour_from - 1, max(open_to // HOUR - 1, self._oldest - 1), -1)",
        _COMPARING + "test_hours_are_whole_one_after_the_other",
    ),
    Bug(
        "a page counts for hours that it does not reach",
        "collector/comparing.py",
        "            max(open_to // HOUR, self._oldest), min(top",
        "            self._oldest, min(top",
        _COMPARING + "test_hours_are_whole_one_after_the_other",
    ),
    Bug(
        "the digest is that of the sealed part only",
        "collector/comparing.py",
        "digest=sums.shown.digest,",
        "digest=sums.sealed.digest,",
        _COMPARING + "test_hours_are_whole_one_after_the_other",
    ),
    Bug(
        "a minute on two pages is compared with the second one alone",
        "collector/comparing.py",
        "self.seen.setdefault(minute, set()).update(keys)",
        "self.seen[minute] = set(keys)",
        _COMPARING + "test_one_minute_on_two_pages_is_one_set",
    ),
    Bug(
        "what Slack shows counts as delivered",
        "collector/comparing.py",
        "delivered=sums.delivered + sealed.ids,",
        "delivered=sums.shown.ids,",
        _COMPARING + "test_a_sealed_hour_that_lacks_one_is_short_and_differs",
    ),
    Bug(
        "all of a sealed hour is missing",
        "collector/comparing.py",
        "return not self.is_sealed(minute) and key not in self.known(minute)",
        "return key not in self.known(minute)",
        _COMPARING + "test_a_sealed_hour_is_compared_by_its_sum",
    ),
    Bug(
        "ids in the index are compared with the sealed sum as well",
        "collector/comparing.py",
        "sums.sealed = sums.sealed.plus(shown - known)",
        "sums.sealed = sums.sealed.plus(shown)",
        _GROWN + "test_the_rest_of_a_sealed_minute_makes_nothing_missing",
    ),
    Bug(
        "verify takes what was sealed of a minute for missing",
        "collector/sealed.py",
        "return below and (self._begun or minute not in self._stored)",
        "return below and minute not in self._stored",
        _GROWN + "test_verify_takes_the_sealed_part_of_a_minute_for_delivered",
    ),
    Bug(
        "what is delivered again is the part in the index, too",
        "collector/sealed.py",
        "return minute in self and key not in self.delivered(minute)",
        "return minute in self",
        _GROWN + "test_what_verify_delivers_again_is_the_sealed_part_and_all_of_it",
    ),
    # -- walks ---------------------------------------------------------------------------------
    Bug(
        "a repair is forgotten when the process ends before the record",
        "collector/coverage.py",
        "rows = self.tallies.rows(tallies)",
        "rows: dict[int, str] = {}",
        _WALKS + "test_what_pages_of_an_earlier_life_repaired_is_in_the_record",
    ),
    Bug(
        "what is missing counts by minutes",
        "collector/coverage.py",
        "with_missing(tallies[hour], len(keys))",
        "with_missing(tallies[hour], 1)",
        _WALKS + "test_what_is_repaired_page_by_page_adds_up",
    ),
    Bug(
        "an hour is recorded without what came to it meanwhile",
        "collector/coverage.py",
        "if hour not in walk.disturbed and any(",
        "if any(",
        _WALKS + "test_an_hour_to_which_something_came_meanwhile_is_read_once_more",
    ),
    Bug(
        "an hour is recorded though a window over it has opened",
        "collector/coverage.py",
        " and any(s.oldest <= hour <= s.latest for s in still_due)\n",
        "\n",
        _WALKS + "test_an_hour_over_which_a_window_opens_meanwhile_waits",
    ),
    Bug(
        "a late event after the record brings no other one",
        "collector/coverage.py",
        "return hours_due.uncovered(ledger, again), tallies",
        "return ledger, tallies",
        _WALKS + "test_each_late_event_after_the_record_brings_another_one",
    ),
    Bug(
        "a late event counts for the hour in which it was found",
        "collector/coverage.py",
        "by_hour.setdefault(second // HOUR, [])",
        "by_hour.setdefault(now // HOUR, [])",
        _WALKS + "test_each_late_event_after_the_record_brings_another_one",
    ),
    Bug(
        "each late event makes an hour forget those before it",
        "collector/coverage.py",
        "with_late(known.get(hour, Tally()), lateness)",
        "with_late(Tally(), lateness)",
        _WALKS + "test_each_late_event_after_the_record_brings_another_one",
    ),
    Bug(
        "the host has a record and the state has not",
        "collector/coverage.py",
        "        rows.update((record.hour, text_of(record)) for record in records)\n",
        "",
        _WALKS + "test_each_late_event_after_the_record_brings_another_one",
    ),
    Bug(
        "older hours are recorded before one that has closed meanwhile",
        "collector/coverage.py",
        "if newer and newer[-1].latest > walk.hours.latest:",
        "if False:",
        _WALKS + "test_an_hour_that_closes_during_a_walk_comes_before_the_older_ones",
    ),
    Bug(
        "minutes are sealed while a walk is on its way to them",
        "collector/coverage.py",
        "self._walk.compared.hour_from * HOUR - 1)",
        "self._walk.hours.oldest * HOUR)",
        _WALKS + "test_minutes_of_a_walk_stay_in_the_index_until_they_are_compared",
    ),
    Bug(
        "a walk over pages out of order begins anew for ever",
        "collector/coverage.py",
        "self._walk, self._narrow = None, True",
        "self._walk = None",
        _WALKS + "test_pages_out_of_order_are_read_an_hour_at_a_time",
    ),
    Bug(
        "a call that failed is made again at once",
        "collector/coverage.py",
        "if self._out is not None or (self._next is not None and now < self._at):",
        "if self._out is not None:",
        _WALKS + "test_a_call_that_failed_waits_for_its_time",
    ),
    Bug(
        "a walk is not told what other readings deliver",
        "collector/intake.py",
        "        self._coverage.delivered(absorbed.add)\n",
        "",
        _LIVES + "test_what_comes_to_an_hour_while_it_is_compared_is_in_its_record",
    ),
    Bug(
        "an entry without a date is late in the hour of its page",
        "collector/intake.py",
        "dated(late_among(absorbed.fresh, reading), page.undated)",
        "late_among(absorbed.fresh, reading)",
        _LIVES + "test_an_entry_without_a_date_is_no_hours_late_one",
    ),
    # -- what is kept of hours -----------------------------------------------------------------
    Bug(
        "a tally is remembered before it is committed",
        "collector/tallies.py",
        "        return {hour: tally_text(tally) for hour, tally in tallies.items()}\n",
        (
            "        self._keep(tallies)\n"
            "        return {hour: tally_text(tally) for hour, tally in tallies.items()}\n"
        ),
        _TALLIES + "test_nothing_is_remembered_before_it_is_committed",
    ),
    Bug(
        "a new process begins every tally anew",
        "collector/tallies.py",
        "stored = self._checkpoint.coverage(first, last)",
        "stored = self._checkpoint.coverage(first, last) if len(hours) > KEPT else {}",
        _TALLIES + "test_a_new_process_has_what_was_committed",
    ),
    # -- the advice ----------------------------------------------------------------------------
    Bug(
        "events near the edge stand for none that were missed",
        "engine/advice.py",
        "fitting * share / whole / max(_LEAST_CHANCE, chance_of_all(seen.levels, point)),",
        "fitting * share / whole,",
        _ADVICE + "test_what_appeared_explains_as_many_as_were_found",
    ),
    Bug(
        "a deep level finds what the one before it had for certain",
        "engine/advice.py",
        "shallower = math.prod(1 - chance(one, late) for one in levels[:level])",
        "shallower = 1.0",
        _ADVICE + "test_what_a_deep_level_found_a_shallower_one_could_not",
    ),
    Bug(
        "what was found at a bound counts as later than it",
        "engine/advice.py",
        "    lowers = (0, *seen.bounds)\n",
        "    lowers = seen.bounds\n",
        _ADVICE + "test_events_near_the_edge_stand_for_missed_ones",
    ),
    Bug(
        "late events are on time, too",
        "engine/advice.py",
        "max(0, seen.events - seen.late_events)",
        "max(0, seen.events)",
        _ADVICE + "test_what_was_seen_is_explained",
    ),
    Bug(
        "a poll and a sweep at the same moment are two calls",
        "engine/advice.py",
        "return [(level, own - more) for level, own, more in zip(levels, rates, deeper)]",
        "return list(zip(levels, rates))",
        _ADVICE + "test_events_on_time_under_the_default_levels",
    ),
)
