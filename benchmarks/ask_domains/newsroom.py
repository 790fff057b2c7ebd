# ruff: noqa: C408, PLW3301
"""A regional newspaper: journalists, articles, sources, photos. All data is of 2022 to 2025-04."""

import datetime as dt
import random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Journalist(BaseModel):
    """Somebody who writes or edits for the paper."""

    name: str
    desk: Literal["politics", "business", "culture", "sports", "science", "local"]
    city: str = Field(description="Where the journalist is based")
    freelance: bool = Field(description="Paid by article instead of employed")
    salary: int | None = Field(default=None, description="Monthly salary in euros; freelancers have none")
    joined_on: dt.date


class Article(BaseModel):
    """A text in the paper or on its site."""

    model_config = ConfigDict(json_schema_extra={"embedding_fields": ["title", "summary"]})

    title: str
    section: Literal["politics", "business", "culture", "sports", "science", "local"]
    status: Literal["draft", "in review", "published", "retracted"]
    words: int = Field(description="Length of the text in words")
    views: int = Field(description="How often it was read online")
    comments: int
    premium: bool = Field(description="Only for subscribers")
    published_at: dt.datetime | None = None
    summary: str


class Source(BaseModel):
    """A person or institution that told us something."""

    name: str
    kind: Literal["person", "agency", "government", "company", "university"]
    reliability: int = Field(description="From 1, rumours, to 5, always right")
    anonymous: bool
    last_contact: dt.date


class Photo(BaseModel):
    """A picture in the archive."""

    model_config = ConfigDict(json_schema_extra={"key_field": "file", "embedding_fields": ["caption"]})

    file: str
    caption: str
    photographer: str
    licence: Literal["own", "agency", "creative commons"]
    fee: float = Field(description="What one use costs, in euros")
    width: int
    height: int
    taken_on: dt.date


MODELS = {"journalists": Journalist, "articles": Article, "sources": Source, "photos": Photo}

PEOPLE = [
    ("Helena Voss", "politics", "Brussels", 0, 5200, "2012-03-01"),
    ("Dominik Lang", "politics", "Berlin", 0, 4700, "2016-08-15"),
    ("Rashida Khan", "business", "Frankfurt", 0, 5100, "2015-01-05"),
    ("Theo Janssen", "business", "Amsterdam", 1, None, "2021-02-10"),
    ("Carla Mendes", "culture", "Lisbon", 1, None, "2020-09-01"),
    ("Walter Huth", "culture", "Cologne", 0, 3900, "1999-10-01"),
    ("Sinead Doyle", "sports", "Cologne", 0, 3700, "2019-06-01"),
    ("Kofi Boateng", "sports", "Cologne", 0, 3500, "2022-04-01"),
    ("Mei Tan", "science", "Berlin", 0, 4600, "2018-05-14"),
    ("Aron Feldman", "science", "Zurich", 1, None, "2023-01-20"),
    ("Lotte Becker", "local", "Cologne", 0, 3300, "2023-07-01"),
    ("Emre Yilmaz", "local", "Cologne", 0, 3400, "2021-11-01"),
    ("Pia Sommer", "local", "Bonn", 0, 3250, "2024-02-01"),
    ("Gustav Holm", "business", "Copenhagen", 1, None, "2024-05-06"),
    ("Yara Haddad", "politics", "Brussels", 0, 4300, "2020-01-15"),
    ("Bastian Roth", "sports", "Munich", 1, None, "2024-09-01"),
]
SOURCES = [
    ("Ministry of Transport", "government", 4, 0),
    ("City Council of Cologne", "government", 4, 0),
    ("Reuters", "agency", 5, 0),
    ("dpa", "agency", 5, 0),
    ("Rhine Energy", "company", 3, 0),
    ("Deep Current", "person", 2, 1),
    ("Helix Pharma", "company", 2, 0),
    ("University of Bonn", "university", 5, 0),
    ("ETH Zurich", "university", 5, 0),
    ("Fan Club Red Goats", "person", 1, 0),
    ("Insider K", "person", 3, 1),
    ("Northbank", "company", 3, 0),
    ("Police Union", "person", 2, 0),
    ("European Commission", "government", 4, 0),
    ("Museum Ludwig", "company", 4, 0),
    ("The Whistler", "person", 4, 1),
    ("Max Planck Institute", "university", 5, 0),
    ("Tenants Association", "person", 3, 0),
]
TEXTS = {
    "politics": [
        "Coalition talks collapse|The parties could not agree on the budget.",
        "Minister resigns over expenses|A scandal about travel costs ended a career.",
        "New rules for border traffic|Brussels wants fewer controls at the borders.",
        "Voters shift to the centre|A poll shows losses for both edges.",
        "Parliament votes on pension reform|The pension age rises to 68.",
        "Mayor under pressure|An audit found missing money.",
        "Treaty on fishing signed|Seven countries agree on quotas.",
        "Lobby register gets teeth|Companies must disclose meetings.",
        "Election date fixed|Citizens vote in September.",
        "Opposition demands inquiry|A leaked memo raises questions about climate policy.",
    ],
    "business": [
        "Chip factory delayed again|The investor waits for subsidies.",
        "Interest rates stay put|The central bank sees no inflation danger.",
        "Brewery sold to investors|A family company changes hands after 200 years.",
        "Strike stops the ports|Dock workers want ten percent more.",
        "Electric trucks gain ground|Batteries get cheaper.",
        "Bank closes fifty branches|Customers move online.",
        "Startup bakes bread from algae|Climate friendly food attracts money.",
        "Housing prices fall|The first drop in ten years.",
        "Airline adds night trains|Rail and air share tickets.",
    ],
    "culture": [
        "Opera house reopens|After eight years of repairs the curtain rises.",
        "Novel about the Rhine wins prize|The debut of a teacher convinced the jury.",
        "Festival of silent films|Live music accompanies the classics.",
        "Museum returns bronzes|The collection goes back to Benin.",
        "Street art gets a home|An old depot becomes a gallery.",
        "Choir sings for the homeless|A concert collects donations.",
        "Poet laureate at eighty|A portrait of a quiet rebel.",
    ],
    "sports": [
        "Goats win the derby|Two late goals decide a wild match.",
        "Marathon record broken|A nurse runs the fastest time on the course.",
        "Coach fired after six defeats|The club looks for a successor.",
        "Swimmers train in the cold|The hall has no heating.",
        "Handball team promoted|The whole town celebrates.",
        "Doping test positive|A cyclist loses his title.",
        "Stadium gets a new roof|Fans stay dry, says the architect.",
        "Chess in the park|Pensioners against school children.",
    ],
    "science": [
        "Moss that eats plastic|A lab finds an enzyme.",
        "Telescope sees oldest galaxy|Light from the dawn of time.",
        "Vaccine against Lyme disease|The trial shows good protection.",
        "Why cats purr|Researchers measure vibrations.",
        "Glaciers lose record mass|Climate data of forty years.",
        "Quantum clock fits in a suitcase|Time for satellites.",
        "Fungi under the forest|A map of hidden networks.",
        "Bees count to four|An experiment with sugar water.",
    ],
    "local": [
        "Bridge closed for two years|Commuters need patience.",
        "Bakery saves the village|Neighbours founded a cooperative.",
        "Flood wall finished|The old town feels safer.",
        "School without teachers|Parents protest against cancelled lessons.",
        "Tram line 7 extended|Six new stops in the north.",
        "Market hall burns down|The police suspect arson.",
        "Storks return to the meadow|A pair breeds after thirty years.",
        "Rents rise faster than wages|Tenants ask for a cap.",
        "Pool stays closed|The city lacks life guards.",
        "Carnival float causes row|A satire goes too far for some.",
    ],
}
CAPTIONS = [
    "Crowd at the town hall",
    "Bridge in the morning fog",
    "Goal in the last minute",
    "The new opera stage",
    "Glacier from above",
    "Dock workers on strike",
    "Minister leaving the building",
    "Bees on clover",
    "Flood at the old town",
    "Poet at her desk",
    "Chips on a wafer",
    "Carnival float",
    "Storks on a chimney",
    "Runner at the finish",
    "Empty classroom",
    "Tram in the snow",
    "Market hall in flames",
    "Moss in a dish",
    "Protest with umbrellas",
    "Night train at the station",
    "Bronze head",
    "Silent film pianist",
    "Swimmers in winter",
    "Parliament at night",
    "Brewery kettles",
    "Cat on a sofa",
]


def data():
    rng = random.Random(37)
    people = [
        dict(id=f"jou{i}", name=n, desk=d, city=c, freelance=bool(f), salary=s, joined_on=dt.date.fromisoformat(j))
        for i, (n, d, c, f, s, j) in enumerate(PEOPLE, 1)
    ]
    sources = [
        dict(
            id=f"src{i}",
            name=n,
            kind=k,
            reliability=r,
            anonymous=bool(a),
            last_contact=dt.date(2023, 1, 9) + dt.timedelta(days=rng.randrange(820)),
        )
        for i, (n, k, r, a) in enumerate(SOURCES, 1)
    ]
    articles, edges = [], []
    sections = list(TEXTS)
    everything = [(s, *t.split("|")) for s in sections for t in TEXTS[s]]
    rng.shuffle(everything)
    for i, (section, title, summary) in enumerate(everything, 1):
        status = rng.choices(["published", "draft", "in review", "retracted"], [14, 2, 2, 1])[0]
        live = status in ("published", "retracted")
        desk = [p for p in people if p["desk"] == section and p["id"] != "jou16"]  # Bastian Roth wrote nothing
        writers = rng.sample(desk, 1 if rng.random() < 0.7 else min(2, len(desk)))
        if rng.random() < 0.15:
            writers = [rng.choice(people[:15])]
        start = max(dt.date(2022, 1, 10), max(w["joined_on"] for w in writers))
        day = start + dt.timedelta(days=rng.randrange((dt.date(2025, 4, 20) - start).days))
        articles.append(
            dict(
                id=f"art{i}",
                title=title,
                section=section,
                status=status,
                words=rng.randrange(180, 2600, 5),
                views=rng.randrange(300, 98000) if live else 0,
                comments=rng.randrange(0, 420) if live else 0,
                premium=rng.random() < 0.35,
                published_at=dt.datetime(day.year, day.month, day.day, rng.randrange(5, 23), rng.randrange(60))
                if live
                else None,
                summary=summary,
            )
        )
        edges += [dict(src=w["id"], dst=f"art{i}", type="wrote") for w in writers]
        if status != "draft":
            editor = rng.choice([p for p in people[:15] if p not in writers and not p["freelance"]])
            edges.append(dict(src=editor["id"], dst=f"art{i}", type="edited", on=str(day - dt.timedelta(days=1))))
        edges += [
            dict(src=f"art{i}", dst=s["id"], type="cites")
            for s in rng.sample(sources[:17], rng.choice([0, 1, 1, 2, 3]))
        ]
    photos = []
    for i in range(1, 71):
        n = f"{CAPTIONS[(i - 1) % len(CAPTIONS)]}{'' if i <= len(CAPTIONS) else ', detail' if i <= 52 else ', archive'}"
        licence = rng.choices(["own", "agency", "creative commons"], [5, 3, 2])[0]
        wide = rng.random() < 0.7
        w, h = rng.choice([(4000, 3000), (6000, 4000), (3200, 2400), (1920, 1080)])
        photos.append(
            dict(
                id=f"pho{i}",
                file=f"IMG_{4000 + 7 * i}.jpg",
                caption=n,
                photographer=rng.choice(["Nils Arendt", "Olga Simic", "Bruno Keil", "Dana Whitfield", "Jo Park"]),
                licence=licence,
                fee=0.0 if licence != "agency" else rng.choice([35.0, 60.0, 120.0]),
                width=w if wide else h,
                height=h if wide else w,
                taken_on=dt.date(2022, 1, 1) + dt.timedelta(days=rng.randrange(1190)),
            )
        )
        if rng.random() < 0.75:
            edges.append(dict(src=f"pho{i}", dst=rng.choice(articles)["id"], type="illustrates"))
    return {"journalists": people, "articles": articles, "sources": sources, "photos": photos}, edges
