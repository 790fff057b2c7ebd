"""Words of one meaning, for questions about any subject: nouns, verbs and adjectives of everyday records.

This is general English, by stems; what a database calls its own comes from its catalog, and from what it was taught.
"""

from __future__ import annotations

from functools import cache

from rem_arrow.ask import english

# Each line holds words of about one meaning.
_GROUPS = """
person people human individual
customer client buyer shopper purchaser consumer account
user member account
employee staff worker personnel colleague coworker teammate
doctor physician medic clinician vet veterinarian surgeon
patient case
nurse carer
animal pet creature
dog puppy hound canine
cat kitten feline
owner holder keeper proprietor guardian
supplier vendor provider seller distributor
manufacturer maker producer brand
author writer creator
journalist reporter correspondent writer author
editor redactor
scientist researcher investigator
student pupil learner
teacher instructor lecturer professor tutor
manager boss supervisor lead head chief director
driver chauffeur operator
company firm business organisation organization enterprise corporation
department division unit section team group
team group squad crew
product item article good merchandise
order purchase sale transaction
line item position
invoice bill
payment transaction
shipment delivery parcel package consignment
category kind type class sort genre
section category desk rubric department
topic subject theme tag
tag label keyword
document doc article paper text resource page documentation guide
article story post piece news report
comment remark reply response
review rating feedback evaluation assessment
score rating mark grade points
book title volume publication
film movie picture
song track tune
visit appointment consultation checkup session
meeting appointment event
event moment happening occurrence
drug medicine medication pharmaceutical remedy
treatment therapy procedure
prescription medication
diagnosis condition illness disease ailment finding
vaccination vaccine shot jab immunization immunisation inoculation
species kind breed type
breed race
experiment trial test assay study
sample specimen probe
measurement reading result observation value
instrument device equipment machine apparatus tool
sensor detector probe
project programme program
grant funding
building house property structure
district neighbourhood neighborhood quarter area borough ward
city town place municipality
country nation state
street road avenue
address location
location place site city office
station stop
line route
park garden
bus vehicle
car vehicle automobile
permit licence license authorization
complaint request report ticket issue
ticket issue bug
issue ticket problem
bug defect error
task job todo
pull_request pr merge_request
commit change
file document
function method routine
class type
module package library
price cost fee charge rate
amount sum value total revenue
salary wage pay income earnings compensation
revenue income turnover sales earnings
budget funding fund
stock inventory quantity
quantity amount count number units
weight mass
height tall elevation altitude
length duration size
duration length time minutes runtime
size area extent
area surface size
capacity seats
population inhabitants residents citizens
resident inhabitant citizen
speed velocity
temperature temp heat
age old
birthday birth born dob birthdate
phone telephone mobile
email mail
status state condition stage phase
priority urgency importance severity
severity seriousness
role position job title function
specialty speciality specialisation specialization field expertise
skill ability
language tongue
name title
title headline heading name
description text detail summary
date day time when
start begin beginning launch
end finish close
created opened reported submitted registered added
hired joined employed started
published released issued
ordered placed purchased bought
author write wrote written authored compose create made make
review approve inspect check
attend join participate visit
depend need require rely
import use load
call invoke use
inherit subclass derive extend
assign responsible own handle
touch change modify edit alter
fix resolve solve close repair
mention refer cite reference
define contain declare have
belong part contain
buy purchase order bought
sell sold supply
treat cure care heal see examine
prescribe give administer
own keep have possess
supply deliver provide
live reside dwell home
work employ
manage lead run supervise head
teach instruct
measure record
cite reference quote
cancelled canceled
finished completed done complete closed
pending waiting outstanding
open unresolved
shipped sent dispatched
paid settled
broken defective faulty
urgent critical emergency
views reads clicks hits
words wordcount
floor storey level
room lab office
photo picture image photograph
visitor guest audience attendance attendee spectator
visitor guest
discount rebate reduction
refund repayment
return refund
warehouse depot
shop store outlet
gender sex
colour color
method technique
reagent chemical substance compound
publication paper article
floors storeys levels
reporter author
""".strip().splitlines()


# What a row is of which a column of truth values says no.
OPPOSITES = {
    "failed": "passed",
    "failing": "passed",
    "rejected": "approved",
    "refused": "accepted",
    "inactive": "active",
    "closed": "open",
    "disabled": "enabled",
    "private": "public",
    "dead": "alive",
    "absent": "present",
}


_PERSONS = """person people user customer client buyer employee staff worker colleague member author writer
journalist reporter editor doctor vet veterinarian physician nurse patient owner scientist
researcher student teacher professor lecturer instructor manager driver player coach citizen
resident inhabitant guest visitor contact engineer developer agent officer technician librarian
borrower tenant landlord donor volunteer artist singer actor director passenger pilot subscriber
investigator supervisor contributor participant attendee reviewer assignee supplier sponsor tutor
mechanic inspector councillor photographer analyst operator lawyer judge chef cook waiter musician
trainer attendant crew somebody someone"""


# Phrases of one meaning with a word.
IDIOMS = {
    "took part": "attended",
    "take part": "attended",
    "taking part": "attended",
    "in charge of": "manager",
    "in charge": "manager",
    "responsible for": "manager",
    "belongs to": "owner",
    "belong to": "owner",
    "worked on": "contributed",
    "work on": "contributed",
    "working on": "contributed",
    "came from": "from",
    "carried out": "made",
    "gave birth": "born",
    "bring back": "returned",
    "brought back": "returned",
    "gave back": "returned",
    "give back": "returned",
    "taken out": "borrowed",
    "took out": "borrowed",
    "checked out": "borrowed",
    "ran out": "ended",
    "run out": "ended",
    "phone number": "phone",
    "date of birth": "born",
    "e mail": "email",
    "zip code": "zip",
    "post code": "postcode",
}


@cache
def _index() -> dict[str, frozenset[str]]:
    """Return the words of one meaning with each stem, as stems."""
    index: dict[str, set[str]] = {}
    for line in _GROUPS:
        stems = {english.stem(w) for w in line.split()}
        for stem in stems:
            index.setdefault(stem, set()).update(stems - {stem})
    return {stem: frozenset(others) for stem, others in index.items()}


def synonyms(stem: str) -> frozenset[str]:
    """Return the stems of words that mean about the same."""
    return _index().get(stem, frozenset())


PERSON_STEMS = frozenset(english.stem(w) for w in _PERSONS.split())


PERSON_WORDS = frozenset(english.singular(w) for w in _PERSONS.split())
