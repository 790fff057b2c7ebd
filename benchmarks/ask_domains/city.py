# ruff: noqa: E501, C408
"""A city administration: districts, buildings, stations, public works, reports of citizens. All data is up to 2025-02."""

import datetime as dt
import random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class District(BaseModel):
    """A part of the city."""

    name: str
    population: int
    area_km2: float
    mayor: str = Field(description="Name of the head of the district")
    founded: int = Field(description="Year of the first mention")
    average_rent: float = Field(description="Euros per square metre and month")


class Building(BaseModel):
    """A building of public interest."""

    name: str
    kind: Literal["museum", "school", "library", "theatre", "church", "tower", "hospital", "stadium"]
    height_m: float
    floors: int
    architect: str | None = None
    opened_on: dt.date
    listed: bool = Field(description="Whether it is a protected monument")
    visitors: int = Field(description="Visitors per year")


class Station(BaseModel):
    """A stop of the metro."""

    name: str
    line: Literal["Red", "Blue", "Green"]
    opened_on: dt.date
    passengers: int = Field(description="Passengers per day")
    accessible: bool = Field(description="Has a lift")
    depth_m: float


class Work(BaseModel):
    """A project of public works."""

    model_config = ConfigDict(json_schema_extra={"embedding_fields": ["title", "description"]})

    title: str
    phase: Literal["planning", "tender", "construction", "completed", "stopped"]
    budget: int = Field(description="In thousands of euros")
    spent: int = Field(description="In thousands of euros")
    starts_on: dt.date
    due_on: dt.date
    manager: str
    description: str


class Report(BaseModel):
    """Something that a citizen reported to the city."""

    model_config = ConfigDict(json_schema_extra={"key_field": "code", "embedding_fields": ["text"]})

    code: str
    category: Literal["pothole", "street light", "graffiti", "noise", "waste", "broken lift", "tree"]
    severity: int = Field(description="From 1, harmless, to 5, dangerous")
    status: Literal["new", "assigned", "resolved", "rejected"]
    reported_at: dt.datetime
    resolved_at: dt.datetime | None = None
    text: str


MODELS = {"districts": District, "buildings": Building, "stations": Station, "works": Work, "reports": Report}

DISTRICTS = [
    ("Altstadt", 18400, 2.1, "Clara Wendt", 1180, 16.9),
    ("Hafenviertel", 26900, 5.4, "Bernd Olufsen", 1850, 13.2),
    ("Rosenau", 41200, 7.8, "Leonie Marsh", 1420, 11.8),
    ("Nordheim", 57800, 14.6, "Tarek Nasser", 1905, 9.7),
    ("Seepark", 12300, 9.9, "Clara Wendt", 1962, 14.4),
    ("Westend", 38600, 4.9, "Ilse Baumann", 1888, 15.5),
    ("Mühlberg", 22100, 11.2, "Joris Peeters", 1310, 10.3),
    ("Lindenhof", 31500, 6.3, "Aylin Demir", 1921, 12.0),
    ("Ostkreuz", 49700, 8.8, "Matthias Groh", 1898, 11.1),
    ("Weinberg", 8900, 13.5, "Ilse Baumann", 1244, 12.9),
]
BUILDINGS = [
    ("City Museum", "museum", 24, 4, "Hedwig Kramer", "1911-05-01", 1, 184000, 1),
    ("Harbour Museum", "museum", 18.5, 3, "Studio Ono", "2016-09-10", 0, 96000, 2),
    ("Toy Museum", "museum", 12, 2, None, "1987-03-15", 0, 41000, 7),
    ("Rosenau Grammar School", "school", 19, 4, "Hedwig Kramer", "1908-08-20", 1, 0, 3),
    ("Nordheim Primary School", "school", 9, 2, "Lena Fuchs", "2019-08-26", 0, 0, 4),
    ("Lindenhof School", "school", 11, 3, None, "1974-09-01", 0, 0, 8),
    ("Central Library", "library", 31, 7, "Studio Ono", "2012-10-04", 0, 520000, 6),
    ("Old Library", "library", 16, 3, "Josef Tannert", "1866-01-12", 1, 38000, 1),
    ("Seepark Library", "library", 8, 1, "Lena Fuchs", "2021-06-01", 0, 62000, 5),
    ("Royal Theatre", "theatre", 28, 5, "Josef Tannert", "1879-11-30", 1, 142000, 1),
    ("Theatre on the Quay", "theatre", 22, 3, "Marta Quist", "2005-02-18", 0, 88000, 2),
    ("St. Martin Church", "church", 87, 2, None, "1352-11-11", 1, 210000, 1),
    ("Holy Cross Church", "church", 54, 1, "Josef Tannert", "1884-06-24", 1, 30000, 9),
    ("Harbour Tower", "tower", 143, 36, "Marta Quist", "2009-12-01", 0, 75000, 2),
    ("Television Tower", "tower", 212, 4, "Egon Pfeil", "1969-10-03", 1, 330000, 6),
    ("Water Tower", "tower", 41, 6, "Egon Pfeil", "1902-04-04", 1, 12000, 7),
    ("Nordheim Hospital", "hospital", 38, 9, None, "1978-01-09", 0, 0, 4),
    ("St. Anna Hospital", "hospital", 33, 8, "Hedwig Kramer", "1926-03-03", 1, 0, 3),
    ("Eagle Stadium", "stadium", 45, 3, "Studio Ono", "2006-05-20", 0, 690000, 9),
    ("Rowing Stadium", "stadium", 14, 1, None, "1972-07-01", 1, 54000, 5),
    ("Glass Tower", "tower", 168, 42, "Marta Quist", "2023-09-15", 0, 21000, 6),
]
STATIONS = [
    "Main Square",
    "Town Hall",
    "Fish Market",
    "Quay Street",
    "Rose Garden",
    "University",
    "North Gate",
    "Airport Road",
    "Lakeside",
    "Opera",
    "West Bridge",
    "Mill Lane",
    "Lime Street",
    "East Cross",
    "Vineyard",
    "Museum Island",
    "Castle Hill",
    "Central Station",
    "Tannery",
    "Old Port",
    "Botanic Garden",
    "Stadium",
    "Hospital North",
    "Trade Fair",
]
HOME = [1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6, 7, 8, 9, 9, 1, 1, 6, 8, 2, 3, 9, 4, 8]
WORKS = [
    (
        "Harbour Bridge renewal",
        "construction",
        48000,
        31500,
        "2022-03-01",
        "2025-10-31",
        "Ruth Albers",
        "New deck and bicycle lanes for the bridge over the harbour.",
        2,
    ),
    (
        "Tram to Nordheim",
        "tender",
        126000,
        4100,
        "2025-03-01",
        "2028-12-15",
        "Samir Kaya",
        "Nine stops from North Gate to the hospital.",
        4,
    ),
    (
        "Library roof repair",
        "completed",
        900,
        1040,
        "2023-04-10",
        "2023-09-30",
        "Ruth Albers",
        "The roof of the Central Library leaked.",
        6,
    ),
    (
        "Altstadt sewer",
        "construction",
        15200,
        16900,
        "2021-06-01",
        "2024-11-30",
        "Petra Vogel",
        "Old brick sewer replaced by concrete pipes.",
        1,
    ),
    (
        "Lake promenade",
        "completed",
        3400,
        3150,
        "2022-05-05",
        "2023-05-31",
        "Samir Kaya",
        "Benches, trees and bicycle racks along the lake.",
        5,
    ),
    (
        "School extension Lindenhof",
        "planning",
        7800,
        260,
        "2025-06-01",
        "2027-08-01",
        "Inga Thorsen",
        "Eight classrooms and a gym.",
        8,
    ),
    (
        "Solar roofs phase one",
        "completed",
        5200,
        4800,
        "2022-09-01",
        "2024-03-31",
        "Inga Thorsen",
        "Solar panels on eleven schools.",
        None,
    ),
    (
        "Solar roofs phase two",
        "construction",
        6900,
        2300,
        "2024-05-01",
        "2025-12-31",
        "Inga Thorsen",
        "Solar panels on museums and theatres.",
        None,
    ),
    (
        "Flood gate Old Port",
        "stopped",
        22500,
        9800,
        "2020-10-01",
        "2023-12-31",
        "Petra Vogel",
        "A steel gate against storm floods.",
        2,
    ),
    (
        "Market hall restoration",
        "construction",
        11300,
        6200,
        "2023-10-15",
        "2025-09-30",
        "Ruth Albers",
        "Iron frame and glass roof of 1890 restored.",
        1,
    ),
    (
        "Bicycle highway east",
        "planning",
        9600,
        120,
        "2025-09-01",
        "2027-05-31",
        "Samir Kaya",
        "Eleven kilometres without traffic lights.",
        9,
    ),
    (
        "Metro lifts",
        "construction",
        18000,
        7400,
        "2023-01-15",
        "2026-06-30",
        "Petra Vogel",
        "Lifts for all stations without step-free access.",
        None,
    ),
    (
        "Stadium lighting",
        "completed",
        1500,
        1390,
        "2024-02-01",
        "2024-07-31",
        "Inga Thorsen",
        "LED lamps instead of halogen.",
        9,
    ),
    (
        "Weinberg footpath",
        "completed",
        420,
        515,
        "2021-03-01",
        "2021-10-01",
        "Samir Kaya",
        "Steps and railing through the vineyards.",
        10,
    ),
    (
        "Hospital parking deck",
        "stopped",
        6100,
        1900,
        "2022-01-10",
        "2023-06-30",
        "Ruth Albers",
        "Four levels, stopped by a lawsuit of neighbours.",
        4,
    ),
    (
        "Noise barrier Ostkreuz",
        "tender",
        4300,
        90,
        "2025-04-01",
        "2026-03-31",
        "Petra Vogel",
        "Wall along the railway with ivy.",
        9,
    ),
]
TEXTS = {
    "pothole": [
        "Deep hole in front of the bakery.",
        "Hole on the bicycle lane, I fell.",
        "Road broken after the winter.",
    ],
    "street light": ["Lamp is dark for a week.", "Light flickers all night.", "Lamp post bent by a truck."],
    "graffiti": [
        "Graffiti on the school wall.",
        "Ugly tags on the monument.",
        "Swastika on the bridge, please remove quickly.",
    ],
    "noise": ["Loud music from the bar every night.", "Construction noise before six.", "Motorbike races on Sunday."],
    "waste": ["Mattress dumped at the corner.", "Bins overflow near the playground.", "Dead rat beside the bins."],
    "broken lift": ["Lift out of order, wheelchair users stuck.", "Lift doors do not close."],
    "tree": ["Branch hangs over the playground.", "Tree fell on a parked car.", "Roots lift the pavement."],
}


def data():
    rng = random.Random(53)
    districts = [
        dict(id=f"dis{i}", name=n, population=p, area_km2=a, mayor=m, founded=f, average_rent=r)
        for i, (n, p, a, m, f, r) in enumerate(DISTRICTS, 1)
    ]
    buildings, edges = [], []
    for i, (n, k, h, fl, a, o, li, v, d) in enumerate(BUILDINGS, 1):
        buildings.append(
            dict(
                id=f"bui{i}",
                name=n,
                kind=k,
                height_m=float(h),
                floors=fl,
                architect=a,
                opened_on=dt.date.fromisoformat(o),
                listed=bool(li),
                visitors=v,
            )
        )
        edges.append(dict(src=f"bui{i}", dst=f"dis{d}", type="located_in"))
    stations = []
    for i, (n, d) in enumerate(zip(STATIONS, HOME), 1):
        stations.append(
            dict(
                id=f"sta{i}",
                name=n,
                line=["Red", "Blue", "Green"][(i - 1) // 8],
                opened_on=dt.date(1974, 5, 1) + dt.timedelta(days=((i - 1) // 8) * 5400 + rng.randrange(3000)),
                passengers=rng.randrange(1200, 64000, 100),
                accessible=rng.random() < 0.6,
                depth_m=round(rng.uniform(4, 31), 1),
            )
        )
        edges.append(dict(src=f"sta{i}", dst=f"dis{d}", type="located_in"))
        if i % 8 != 1:
            edges.append(dict(src=f"sta{i - 1}", dst=f"sta{i}", type="connects_to", minutes=rng.randrange(1, 6)))
    edges += [
        dict(src="sta1", dst="sta17", type="connects_to", minutes=3),
        dict(src="sta10", dst="sta18", type="connects_to", minutes=2),
    ]
    works = []
    for i, (t, ph, b, s, st, du, m, text, d) in enumerate(WORKS, 1):
        works.append(
            dict(
                id=f"wor{i}",
                title=t,
                phase=ph,
                budget=b,
                spent=s,
                starts_on=dt.date.fromisoformat(st),
                due_on=dt.date.fromisoformat(du),
                manager=m,
                description=text,
            )
        )
        if d:
            edges.append(dict(src=f"wor{i}", dst=f"dis{d}", type="located_in"))
    edges += [
        dict(src=f"wor{a}", dst=f"wor{b}", type="depends_on", since=s)
        for a, b, s in [
            (2, 1, "2022-02-01"),
            (8, 7, "2023-11-01"),
            (10, 4, "2023-08-01"),
            (11, 16, "2024-10-10"),
            (6, 7, "2024-06-01"),
            (9, 1, "2021-01-01"),
            (12, 1, "2022-12-01"),
            (16, 2, "2024-12-01"),
        ]
    ]
    reports = []
    for i in range(1, 151):
        day = dt.date(2023, 3, 1) + dt.timedelta(days=rng.randrange(725))
        category = rng.choices(list(TEXTS), [6, 4, 4, 3, 5, 2, 2])[0]
        status = rng.choices(["new", "assigned", "resolved", "rejected"], [2, 2, 7, 1])[0]
        at = dt.datetime(day.year, day.month, day.day, rng.randrange(24), rng.randrange(60))
        reports.append(
            dict(
                id=f"rep{i}",
                code=f"TAP-{1000 + i}",
                category=category,
                severity=rng.choices([1, 2, 3, 4, 5], [3, 5, 5, 2, 1])[0],
                status=status,
                reported_at=at,
                resolved_at=at + dt.timedelta(days=rng.randrange(1, 50), hours=rng.randrange(9))
                if status == "resolved"
                else None,
                text=rng.choice(TEXTS[category]),
            )
        )
        edges.append(
            dict(src=f"rep{i}", dst=f"dis{rng.choice([1, 2, 3, 4, 4, 5, 6, 6, 7, 8, 9, 9])}", type="reported_in")
        )  # nothing from Weinberg
    return {
        "districts": districts,
        "buildings": buildings,
        "stations": stations,
        "works": works,
        "reports": reports,
    }, edges
