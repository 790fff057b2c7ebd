"""What adjectives, units and verbs are about: "cheap" a price, "kg" a weight, "hired" a day.

All by stems; the columns of a database that hold such things are found by the stems of their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from rem_arrow.ask import english
from rem_arrow.ask.english import word_set

# What adjectives and adverbs measure: whether the positive, comparative or superlative is about much, and words of
# columns that hold it.
_ADJECTIVES = """
+ big bigger biggest: size area bytes population lines length capacity employees amount volume total price
+ large larger largest: size area bytes population lines length capacity employees amount volume total price
- small smaller smallest|little: size area bytes population lines length capacity amount volume
+ long longer longest|lengthy: length duration minutes hours lines size words pages runtime distance days km
- short shorter shortest|brief: length duration minutes hours lines size words pages runtime height distance days km
+ expensive pricey costly dear: price cost fee amount total rate rent budget
- cheap cheaper cheapest|inexpensive affordable: price cost fee amount total rate rent
+ heavy heavier heaviest: weight mass
- light lighter lightest: weight mass
+ tall taller tallest|high higher highest: height floors altitude elevation
- low lower lowest: height altitude level
+ hot hotter hottest|warm warmer warmest: temperature
- cold colder coldest|cool cooler coolest: temperature
+ fast faster fastest|quick quicker quickest: speed
- slow slower slowest: speed
+ popular: views visitors likes downloads popularity rating followers
+ good better best: rating score stars grade rank
- bad worse worst: rating score stars grade
+ rich richer richest|wealthy: balance income salary wealth
- poor poorer poorest: balance income salary wealth
+ populous crowded: population inhabitants visitors
+ profitable: profit revenue margin
+ deep deeper deepest: depth
+ wide wider widest|broad: width
+ experienced senior: experience years seniority
+ severe serious: severity
+ productive: output
+ strong stronger strongest: strength
+ frequent: frequency
+ busy busier busiest: passengers visitors load traffic views visits
+ accurate precise: accuracy precision
+ spacious: area size capacity
"""


# Adjectives of time: whether the later time is meant; ages are the other way round.
NEWER = word_set("""new newer newest recent recently late later latest young younger youngest last modern""")


OLDER = word_set("""old older oldest early earlier earliest first longest-serving ancient""")


AGED = frozenset(["old", "older", "oldest", "young", "younger", "youngest"])


AGE_WORDS = ("age", "birth", "born", "birthday", "birthdate", "dob")


MONEY = frozenset(
    map(
        english.stem,
        word_set(
            """price cost fee amount salary wage revenue budget total balance rent fine charge payment income pay value
            turnover profit funding spend spent"""
        ),
    )
)


PLACES = (
    "city",
    "town",
    "location",
    "place",
    "address",
    "country",
    "room",
    "district",
    "venue",
    "region",
    "street",
    "office",
    "site",
    "state",
    "neighbourhood",
    "neighborhood",
    "building",
    "lab",
    "station",
    "shelf",
    "area",
    "zone",
)


PERSON_COLUMNS = (
    "author",
    "owner",
    "user",
    "customer",
    "vet",
    "doctor",
    "assignee",
    "manager",
    "reporter",
    "editor",
    "reviewer",
    "by",
    "person",
    "employee",
)


# The units of numbers, by words of columns that are measured so.
_UNITS = """
euro eur € dollar usd $ buck £ cent chf franc: money
pound: money weight
kg kilo kilogram: kg mass weight
gram: g gram mass weight
g: g mass weight
ton: mass weight
mg: amount dose mg weight
km kilometre kilometer: distance km length mileage
metre meter: depth distance height length
m: distance height length
cm: height length
hectare: area ha hectare size
minute: duration length minute runtime time
min: duration minute
hour: duration hour length
second: duration second
day: day duration
year: age experience seniority year
month: age month
percent %: discount humidity pct percent rate share yield
degree celsiu: temperature
star: rating score star
byte kb: byte size
point: point score
line: length line size
person people: attendee capacity population visitor
inhabitant: population
resident: population resident
seat: capacity seat
word: word
view: view
unit: amount quantity stock unit
piece: piece quantity stock
item: item quantity
"""


# Verbs that ask for what a column holds: what they cost, earn, weigh.
_VERB_COLUMNS = """
cost: price cost fee amount total
earn: salary wage income pay
weigh: weight mass
paid: salary paid amount price
spent spend: total amount price cost
live: city address location district town country
resid: city address district
locat: location city address district place room office
bas: location city country office headquarters
born: born birth birthday birthdate dob
last: duration minutes hours length days
tak: duration minutes hours
charg: price fee amount cost
call: name
situat: location city address district
measur: length height size
sold: quantity sold
work: department team section desk office lab
specializ: specialty speciality specialization
specialis: specialty speciality specialisation
"""


# Verbs of times, by words of the columns that hold them.
_VERB_TIMES = """
creat: created
open: opened created
add: added created
writ: written published created
report: reported created filed
fil: filed reported created
submit: submitted created
regist: registered signup created joined
modifi modify chang edit: modified updated
updat: updated modified
hir: hired joined start employed
join: joined hired signup registered since member
employ: hired joined employed start
start: start started begin hired
began begin: start started
end: end ended finished
finish: finished end completed ended
complet: completed finished end
publish: published released
releas: released published
issu: issued
born: born birth birthday birthdate dob
order: ordered order placed bought
plac: placed ordered
bought buy: ordered bought purchased
purchas: purchased ordered bought
ship: shipped sent
deliv deliver: delivered
paid pay: paid
clos: closed
resolv: resolved closed
merg: merged
commit: committed
visit: visited visit date
examin: date visited
treat: date visited treated
measur: measured taken date
tak: taken date
collect: collected taken
record: recorded date
built: built construction constructed year
build: built
construct: built constructed
found establish: founded established
inspect: inspected
expir: expires expiry expiration end ends ended until
laps: expires expiry end ends
due: due
scheduled: scheduled start
schedul: scheduled start date
sign: signup signed registered joined
calibrat: calibrated calibration
vaccinat: vaccinated
post: posted created
sent: sent shipped
receiv: received
approv: approved
launch: launched start released
held: start date held
arriv: arrived arrival delivered
happen: date start
occur: date occurred start
"""


@cache
def _measures() -> dict[str, tuple[bool, tuple[str, ...]]]:
    measures: dict[str, tuple[bool, tuple[str, ...]]] = {}
    for line in _ADJECTIVES.strip().splitlines():
        sign, rest = line.split(" ", 1)
        words, columns = rest.split(":")
        for word in words.replace("|", " ").split():
            measures[word] = (sign == "+", tuple(english.stem(c) for c in columns.split()))
    return measures


def measure(word: str) -> tuple[bool, tuple[str, ...]] | None:
    """Return whether an adjective is about much, and the stems of columns that hold what it measures."""
    return _measures().get(word)


def _table(lines: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the words before the colon of each line, each with those after it."""
    for line in lines.strip().splitlines():
        words, columns = line.split(":")
        yield from ((word, tuple(columns.split())) for word in words.split())


def _by_stem(lines: str) -> dict[str, tuple[str, ...]]:
    """Return what is listed by words by their stems, the columns as stems too."""
    merged: dict[str, tuple[str, ...]] = {}
    for word, columns in _table(lines):
        stems = tuple(english.stem(c) for c in columns)
        merged[english.stem(word)] = tuple(dict.fromkeys([*merged.get(english.stem(word), ()), *stems]))
    return merged


UNITS = {
    english.stem(word): frozenset(stem for c in columns for stem in (MONEY if c == "money" else {english.stem(c)}))
    for word, columns in _table(_UNITS)
}
VERB_COLUMNS, VERB_TIMES = _by_stem(_VERB_COLUMNS), _by_stem(_VERB_TIMES)
