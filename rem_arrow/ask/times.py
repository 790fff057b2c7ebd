"""Times in questions as ranges: "last month", "in the last 7 days", "Q4 2024", "since March", "between 2026-06-01 and
2026-06-03".

"in the last 7 days" and "in the last month" are spans that end now; "last week", "yesterday" and "Q1 2026" are whole
weeks (from Monday), days and quarters; "since March" begins at the latest first of March; of "between" both days count.
All in UTC.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from rem_arrow.ask import english

_MONTHS = (
    {name.casefold(): i for i, name in enumerate(calendar.month_name) if name}
    | {name.casefold(): i for i, name in enumerate(calendar.month_abbr) if name}
    | {"sept": 9}
)
_DAYS = {name.casefold(): i for i, name in enumerate(calendar.day_name)}
_UNIT = r"(minute|hour|day|week|month|quarter|year)s?"
_MONTH = "(" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_COUNT = r"(\d{1,4}|" + "|".join(english.NUMBERS) + r"|a couple of|couple of|a few|few|several)"
# Words of what lies ahead.
_FUTURE = frozenset(["scheduled", "planned", "upcoming", "will", "ahead", "forthcoming"])
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_SEASON = r"(?:(?:last|this|the) )?(?:spring|summer|autumn|fall|winter)(?:,? (?:of )?\d{4})?"
_DATE = (
    rf"(\d{{4}}-\d{{2}}-\d{{2}}(?:[t ]\d{{2}}:\d{{2}}(?::\d{{2}})?)?|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? "
    rf"\d{{4}})?|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? \d{{4}})?|{_MONTH},? \d{{4}}|q[1-4](?:,? (?:of "
    rf")?\d{{4}})?|{_MONTH}|\d{{4}}|yesterday|today|tomorrow|(?:last )?(?:{'|'.join(_DAYS)})|last "
    rf"(?:week|month|quarter|year)|this (?:week|month|quarter|year)|{_SEASON}|the (?:19|20)\d0s)"
)


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A range of time in a text.

    Attributes:
        start, stop: where it stands in the text.
        low, high: from `low` on, and before `high`; None is no bound.
    """

    start: int
    stop: int
    low: datetime | None
    high: datetime | None

    def condition(self, column: str, literal: Callable[[datetime], str]) -> str:
        """Return it as SQL about a column."""
        parts = [f"{column} >= {literal(self.low)}"] if self.low is not None else []
        parts += [f"{column} < {literal(self.high)}"] if self.high is not None else []
        return " AND ".join(parts)


def find(text: str, now: datetime) -> TimeSpan | None:
    """Return the first time in a text, the longest where several begin at one place; None without one."""
    return next(iter(find_all(text, now)), None)


def find_all(text: str, now: datetime) -> list[TimeSpan]:
    """Return the times in a text in order, the longest where several begin at one place; none overlap."""
    lowered = text.casefold()
    if len(lowered) != len(text):
        return []
    ahead = any(w in _FUTURE for w in re.findall(r"[a-z]+", lowered))
    hits = []
    for pattern, meaning in _PATTERNS:
        for hit in pattern.finditer(lowered):
            try:
                bounds = meaning(hit, now)
            except (ValueError, OverflowError):
                continue
            if (
                bounds is not None
                and ahead
                and bounds[1] is not None
                and bounds[1] <= now
                and not re.search(r"\d{4}|last|past|ago|yesterday", hit[0])
            ):
                # A day or month without its year is the next one, where the question looks ahead.
                bounds = tuple(None if b is None else _months(b, 12) for b in bounds)  # type: ignore[assignment]
            if bounds is not None:
                hits.append(TimeSpan(hit.start(), hit.end(), *bounds))
    times: list[TimeSpan] = []
    for span in sorted(hits, key=lambda h: (h.start, h.start - h.stop)):
        if not times or span.start >= times[-1].stop:
            times.append(span)
    return times


Bounds = tuple[datetime | None, datetime | None]


def _span(hit: re.Match[str], now: datetime) -> Bounds:
    """Read "in the last 7 days"."""
    return _back(now, hit[2], _count(hit[1])), now


def _near(hit: re.Match[str], now: datetime) -> Bounds | None:
    """Read "in the 90 days before 1 January 2025"."""
    at = _date(hit[4], now)
    if at is None or at[0] is None or at[1] is None or hit[3] == "since":
        return None
    count = _count(hit[1]) if hit[1] else 1
    if hit[3] in ("before", "prior to", "up to", "until"):
        return _back(at[0], hit[2], count), at[0]
    return at[1], _back(at[1], hit[2], -count)


def _last_days(hit: re.Match[str], now: datetime) -> Bounds | None:
    at = _date(hit[2], now)
    return None if at is None or at[1] is None else (at[1] - timedelta(days=_count(hit[1])), at[1])


def _first_days(hit: re.Match[str], now: datetime) -> Bounds | None:
    at = _date(hit[2], now)
    return None if at is None or at[0] is None else (at[0], at[0] + timedelta(days=_count(hit[1])))


def _ago(hit: re.Match[str], now: datetime) -> Bounds:
    at = _back(now, hit[2], _count(hit[1]))
    return _unit(at, hit[2] if hit[2] in ("minute", "hour") else "day")


def _long_ago(hit: re.Match[str], now: datetime) -> Bounds:
    at = _back(now, hit[3], _count(hit[2]))
    return (at, now) if hit[1] == "less" else (None, at)


def _between(hit: re.Match[str], now: datetime) -> Bounds | None:
    groups = [g for g in hit.groups() if g is not None]
    first, last = _date(groups[0], now), _date(hit["last"], now)
    year = re.search(r"\d{4}", hit["last"])
    if year is not None and not re.search(r"\d{4}", groups[0]):
        # "from January to March 2025": the year is said once.
        first = _date(f"{groups[0]} {year[0]}", now)
    if first is None or last is None or last[1] is None:
        return None
    return (first[0], last[1]) if first[0] is None or first[0] <= last[1] else None


def _since(hit: re.Match[str], now: datetime) -> Bounds | None:
    at = _date(hit[2], now)
    if at is None:
        return None
    return (at[1], None) if hit[1] in ("after", "later than") else (at[0], None)


def _before(hit: re.Match[str], now: datetime) -> Bounds | None:
    at = _date(hit[2], now)
    return (
        None
        if at is None
        else (None, at[1] if hit[1] in ("until", "till", "through", "up to", "by the end of") else at[0])
    )


def _in(hit: re.Match[str], now: datetime) -> Bounds | None:
    return _date(hit[1], now)


def _coming(hit: re.Match[str], now: datetime) -> Bounds:
    return now, None


def _next(hit: re.Match[str], now: datetime) -> Bounds:
    _, end = _unit(now, hit[1])
    assert end is not None, "a unit ends"
    return _unit(end, hit[1])


def _named_quarter(hit: re.Match[str], now: datetime) -> Bounds:
    place = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": 3}[hit[1]]
    return _unit(_at(int(hit[2]), 3 * place + 1, 1), "quarter")


def _half(hit: re.Match[str], now: datetime) -> Bounds:
    begin = _at(int(hit[2]), 1 if hit[1] == "first" else 7, 1)
    return begin, _months(begin, 6)


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], Bounds | None]], ...] = (
    (
        re.compile(
            rf"\b(?:in|within|over|during|for|of|from)? ?(?:the )?(?:last|past|previous|recent) {_COUNT} {_UNIT}\b"
        ),
        _span,
    ),
    (re.compile(rf"\b(?:in |during |within )?the (?:last|final) {_COUNT} days of {_DATE}(?!\w)"), _last_days),
    (re.compile(rf"\b(?:in |during |within )?the first {_COUNT} days of {_DATE}(?!\w)"), _first_days),
    (
        re.compile(
            rf"\b(?:in |during |within |over )?(?:the |a )?{_COUNT}?(?: |\b){_UNIT} "
            rf"(before|after|prior to|following|since|up to|until) {_DATE}(?!\w)"
        ),
        _near,
    ),
    (re.compile(rf"\b(?:in|within|over|during) the (?:last|past)( ){_UNIT}\b"), _span),
    (re.compile(rf"\b(more|longer|over|less) (?:than )?{_COUNT} {_UNIT} ago\b"), _long_ago),
    (re.compile(rf"\b{_COUNT} {_UNIT} ago\b"), _ago),
    (re.compile(r"\b(?:the )?day before yesterday\b"), lambda hit, now: _unit(now - timedelta(days=2), "day")),
    (re.compile(r"\b(?:so far this year|year to date)\b"), lambda hit, now: (_unit(now, "year")[0], now)),
    (re.compile(rf"\b(?:between|from) {_DATE} (?:and|to|until|till|through) (?P<last>{_DATE})(?!\w)"), _between),
    (re.compile(rf"\b(since|after|starting|from) {_DATE} (?:on|onwards?)\b"), _since),
    (re.compile(rf"\b(since|after) {_DATE}(?!\w)"), _since),
    (re.compile(rf"\b(before|until|till|up to|prior to) {_DATE}(?!\w)"), _before),
    (re.compile(rf"\b(?:in|on|during|from|of|for) {_DATE}(?![\w-])"), _in),
    (
        re.compile(
            rf"\b(\d{{1,2}}(?:st|nd|rd|th)? {_MONTH},? \d{{4}}|q[1-4],? (?:of )?\d{{4}}|{_MONTH},? "
            r"\d{4}|\d{4}-\d{2}-\d{2}|yesterday|today|tomorrow|(?:last|this) (?:week|month|quarter|year)|"
            r"(?:spring|summer|autumn|fall|winter),? (?:of )?\d{4}|(?:last|this) "
            r"(?:spring|summer|autumn|fall|winter)|last "
            rf"(?:{'|'.join(_DAYS)}))(?![\w-])"
        ),
        _in,
    ),
    (
        re.compile(r"\b(?:in |during |of |from )?the (first|second|third|fourth|last) quarter(?: of)? (\d{4})\b"),
        _named_quarter,
    ),
    (re.compile(r"\b(?:in |during |of |from )?the (first|second) half(?: of)? (\d{4})\b"), _half),
    (re.compile(r"\bnext (day|week|month|quarter|year)\b"), _next),
    (re.compile(r"\b(?:coming up|upcoming|in the future|still to come|scheduled ahead)\b"), _coming),
)


def _count(text: str) -> int:
    text = text.strip().removeprefix("a ").removesuffix(" of")
    return int(english.number(text) or {"few": 3, "several": 3}.get(text, 1))


def _date(text: str, now: datetime) -> Bounds | None:
    """Return the range that a date, month, quarter, year or day is."""
    text = " ".join(text.replace(",", " ").split())
    if (hit := re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:[t ](\d{2}:\d{2}(?::\d{2})?))?", text)) is not None:
        at = datetime.fromisoformat(text.upper()).replace(tzinfo=timezone.utc)
        return (at, at) if hit[2] else _unit(at, "day")
    if (hit := re.fullmatch(r"q([1-4])(?: (?:of )?(\d{4}))?", text)) is not None:
        year = int(hit[2]) if hit[2] else now.year if int(hit[1]) * 3 - 2 <= now.month else now.year - 1
        return _unit(_at(year, int(hit[1]) * 3 - 2, 1), "quarter")
    if (
        hit := re.fullmatch(r"(?:(last|this|the) )?(spring|summer|autumn|fall|winter)(?: (?:of )?(\d{4}))?", text)
    ) is not None:
        return _season(hit, now)
    if (hit := re.fullmatch(r"the ((?:19|20)\d0)s", text)) is not None:
        return _at(int(hit[1]), 1, 1), _at(int(hit[1]) + 10, 1, 1)
    if re.fullmatch(r"(19|20)\d\d", text):
        return _unit(_at(int(text), 1, 1), "year")
    if text in ("yesterday", "today", "tomorrow"):
        return _unit(now + timedelta(days={"yesterday": -1, "today": 0, "tomorrow": 1}[text]), "day")
    if (hit := re.fullmatch(r"(last|this) (week|month|quarter|year)", text)) is not None:
        begin, _ = _unit(now, hit[2])
        assert begin is not None, "a unit begins"
        return _unit(begin if hit[1] == "this" else begin - timedelta(hours=1), hit[2])
    if (name := text.removeprefix("last ")) in _DAYS:
        return _unit(now - timedelta(days=(now.weekday() - _DAYS[name]) % 7 or 7), "day")
    return _month_day(text, now)


def _season(hit: re.Match[str], now: datetime) -> Bounds:
    """Return the three months of a season, the first in March, June, September or December; without a year the last."""
    month = _SEASONS[hit[2]]
    year = int(hit[3]) if hit[3] else now.year if month <= now.month else now.year - 1
    begin = _at(year, month, 1)
    if hit[1] == "last" and not hit[3] and _months(begin, 3) > now:
        begin = _months(begin, -12)
    return begin, _months(begin, 3)


def _month_day(text: str, now: datetime) -> Bounds | None:
    parts = [p for p in text.replace(".", "").split() if p != "of"]
    names = [p for p in parts if p in _MONTHS]
    if len(names) != 1:
        return None
    month = _MONTHS[names[0]]
    rest = [p for p in parts if p != names[0]]
    year = next((int(p) for p in rest if re.fullmatch(r"\d{4}", p)), None)
    day = next((int(hit[1]) for p in rest if (hit := re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", p))), None)
    if year is None:
        year = now.year if (month, day or 1) <= (now.month, now.day) else now.year - 1
    return _unit(_at(year, month, day or 1), "month" if day is None else "day")


def _at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=timezone.utc)


def _unit(at: datetime, unit: str) -> Bounds:
    """Return the whole unit that a time lies in."""
    match unit:
        case "minute" | "hour":
            begin = at.replace(second=0, microsecond=0, minute=at.minute if unit == "minute" else 0)
            return begin, begin + timedelta(**{unit + "s": 1})
        case "day" | "week":
            begin = at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
                days=at.weekday() if unit == "week" else 0
            )
            return begin, begin + timedelta(days=1 if unit == "day" else 7)
        case "month":
            return _at(at.year, at.month, 1), _months(_at(at.year, at.month, 1), 1)
        case "quarter":
            begin = _at(at.year, (at.month - 1) // 3 * 3 + 1, 1)
            return begin, _months(begin, 3)
        case _:
            return _at(at.year, 1, 1), _at(at.year + 1, 1, 1)


def _back(at: datetime, unit: str, count: int) -> datetime:
    match unit:
        case "month" | "quarter" | "year":
            return _months(at, -count * {"month": 1, "quarter": 3, "year": 12}[unit])
        case _:
            return at - timedelta(**{unit + "s": count})


def _months(at: datetime, count: int) -> datetime:
    year, month = divmod(at.year * 12 + at.month - 1 + count, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))
