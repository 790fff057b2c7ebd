# ruff: noqa: C408, F841
"""A research institute for materials: researchers, papers, experiments, instruments. All data is of 2018 to 2025-03."""

import datetime as dt
import random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Researcher(BaseModel):
    """A scientist of the institute or a guest."""

    model_config = ConfigDict(json_schema_extra={"embedding_fields": []})

    name: str
    role: Literal["professor", "postdoc", "phd student", "technician", "guest"]
    department: str
    h_index: int = Field(description="Hirsch index of the publications")
    office: str
    started_on: dt.date
    left_on: dt.date | None = None


class Paper(BaseModel):
    """A publication."""

    model_config = ConfigDict(json_schema_extra={"embedding_fields": ["title", "abstract"]})

    title: str
    journal: str
    published_on: dt.date
    submitted_on: dt.date
    pages: int
    downloads: int
    open_access: bool
    abstract: str


class Instrument(BaseModel):
    """A device for measurements."""

    name: str
    maker: str
    room: str
    purchase_price: int = Field(description="In euros")
    purchased_on: dt.date
    calibrated_on: dt.date = Field(description="Day of the last calibration")
    status: Literal["working", "in repair", "broken", "reserved"]


class Experiment(BaseModel):
    """A planned series of measurements."""

    model_config = ConfigDict(json_schema_extra={"key_field": "code", "embedding_fields": ["title", "remarks"]})

    code: str
    title: str
    status: Literal["planned", "running", "finished", "aborted"]
    budget: int = Field(description="Planned cost in euros")
    spent: int = Field(description="Cost so far, in euros")
    temperature_k: float = Field(description="Temperature of the sample in kelvin")
    started_at: dt.datetime
    finished_at: dt.datetime | None = None
    remarks: str


MODELS = {"researchers": Researcher, "papers": Paper, "instruments": Instrument, "experiments": Experiment}

PEOPLE = [
    ("Agnieszka Zielinska", "professor", "Polymers", 47, "A101", "2009-10-01", None),
    ("Hiroshi Sato", "professor", "Superconductors", 61, "B201", "2005-04-01", None),
    ("Miriam Adler", "professor", "Batteries", 39, "C105", "2014-09-01", None),
    ("Tunde Bakare", "postdoc", "Batteries", 14, "C110", "2021-03-01", None),
    ("Elisa Conti", "postdoc", "Polymers", 11, "A112", "2022-01-15", None),
    ("Jakub Dvorak", "postdoc", "Superconductors", 17, "B210", "2019-06-01", "2023-05-31"),
    ("Freya Nystrom", "phd student", "Batteries", 4, "C120", "2022-10-01", None),
    ("Mateo Vargas", "phd student", "Superconductors", 3, "B222", "2023-02-01", None),
    ("Priya Raman", "phd student", "Polymers", 5, "A120", "2021-10-01", "2025-02-28"),
    ("Kwame Asante", "phd student", "Thin Films", 2, "D015", "2024-04-01", None),
    ("Ulla Berg", "technician", "Thin Films", 1, "D002", "2016-05-01", None),
    ("Rainer Kock", "technician", "Superconductors", 0, "B003", "2011-08-01", "2024-07-31"),
    ("Lin Wei", "guest", "Thin Films", 33, "D020", "2024-01-10", "2024-12-20"),
    ("Sarah Oduya", "guest", "Polymers", 22, "A130", "2023-09-01", "2024-03-01"),
    ("Noemi Keller", "postdoc", "Thin Films", 9, "D011", "2023-06-01", None),
    ("Andrej Kos", "phd student", "Batteries", 1, "C121", "2024-10-01", None),
    ("Ivana Maric", "professor", "Thin Films", 35, "D001", "2017-02-01", None),
    ("Owen Pritchard", "technician", "Batteries", 2, "C004", "2020-03-16", None),
]
INSTRUMENTS = [
    ("Cryostat Nord", "Oxford Devices", "B-Lab 1", 310000, "2016-03-01", "2024-11-05", "working"),
    ("Cryostat Sud", "Oxford Devices", "B-Lab 1", 285000, "2019-07-01", "2023-02-14", "in repair"),
    ("NMR-400", "Bruker", "A-Lab 2", 540000, "2014-05-20", "2025-01-10", "working"),
    ("NMR-600", "Bruker", "A-Lab 2", 890000, "2021-09-09", "2025-01-12", "reserved"),
    ("Raman Scope", "Horiba", "D-Lab 1", 145000, "2020-02-02", "2024-03-30", "working"),
    ("Sputter Max", "Kurt Lesker", "D-Clean", 220000, "2018-10-10", "2024-08-19", "working"),
    ("Glovebox Alpha", "MBraun", "C-Lab 1", 64000, "2015-06-06", "2024-09-01", "working"),
    ("Glovebox Beta", "MBraun", "C-Lab 1", 71000, "2022-06-06", "2024-09-02", "broken"),
    ("Cycler 48", "Arbin", "C-Lab 2", 58000, "2020-11-11", "2023-12-01", "working"),
    ("Rheometer R2", "Anton Paar", "A-Lab 1", 83000, "2017-01-25", "2022-10-10", "working"),
    ("Tensile Tester", "Zwick", "A-Lab 1", 47000, "2013-03-03", "2023-06-21", "in repair"),
    ("X-ray Diffractor", "Bruker", "D-Lab 2", 398000, "2019-04-15", "2024-12-12", "working"),
    ("Electron Microscope", "Zeiss", "D-Lab 2", 1250000, "2022-12-01", "2025-02-20", "working"),
    ("Laser Bench", "Thorlabs", "B-Lab 2", 92000, "2023-08-08", "2024-02-28", "reserved"),
]
PAPERS = [
    ("Polymers that heal themselves", "We show polymers that close cracks at room temperature."),
    ("A superconductor at 120 kelvin", "A copper oxide with record transition temperature."),
    ("Lithium metal without dendrites", "An electrolyte suppresses dendrites over 900 cycles."),
    ("Fast charging of sodium cells", "Sodium cells charge in nine minutes."),
    ("Magnetic order in nickelates", "Neutron data reveal stripes."),
    ("Sputtered films of niobium nitride", "Smooth films with low loss."),
    ("Viscosity of branched chains", "A scaling law for branched chains."),
    ("Recycling of epoxy resins", "A catalyst splits epoxy resins at 80 degrees."),
    ("Ageing of graphite anodes", "Loss of lithium explains the ageing."),
    ("Flux pinning by nanorods", "Nanorods double the critical current."),
    ("Solid electrolytes from sulfides", "Sulfides conduct but fear water."),
    ("Optical gaps of perovskite films", "Gaps depend on strain."),
    ("Bioplastics from seaweed", "Strong foils from alginate."),
    ("Machine learning for alloys", "A network predicts the hardness of alloys."),
    ("Noise in tunnel junctions", "Two levels cause the noise."),
    ("Hydrogels for wound care", "Gels that release drugs when warm."),
    ("Thermal runaway in pouch cells", "Gas sensors warn four minutes before the fire."),
    ("Grain boundaries in copper", "Boundaries scatter electrons."),
    ("Charge density waves revisited", "Old data, new model."),
    ("Conductive polymers for sensors", "Printed sensors for humidity."),
    ("Silicon anodes with a skin", "A polymer skin keeps silicon together."),
    ("Film stress during growth", "Stress measured in situ by a laser."),
    ("A review of solid state batteries", "We review 300 works on solid state batteries."),
    ("Superconducting diodes", "Current flows in one direction without loss."),
    ("Crystals grown in space", "Samples from the space station show fewer defects."),
    ("Recovery of cobalt from waste", "Acid from fruit dissolves cobalt."),
]
TITLES = [
    "Cooling curve of cuprates",
    "Crack test series",
    "Coin cell cycling",
    "Pouch cell abuse test",
    "Niobium sputter runs",
    "Gel swelling",
    "Strain on perovskites",
    "Chain length sweep",
    "Nanorod pinning",
    "Humidity sensor print",
    "Sulfide ageing",
    "Noise at low current",
    "Diode polarity",
    "Alloy hardness map",
    "Epoxy split",
    "Seaweed foil pull",
    "Silicon skin growth",
    "Cobalt leaching",
]
REMARKS = [
    "Sample broke twice, repeated.",
    "Pump leak found after a week.",
    "Everything as planned.",
    "Power outage on the second day.",
    "Results better than the model.",
    "Vacuum leak, aborted early.",
    "Needs a second operator.",
    "Data backed up on tape.",
    "Contaminated with oxygen.",
    "Waiting for the delivery of targets.",
]


def data():
    rng = random.Random(41)
    people = [
        dict(
            id=f"res{i}",
            name=n,
            role=r,
            department=d,
            h_index=h,
            office=o,
            started_on=dt.date.fromisoformat(s),
            left_on=dt.date.fromisoformat(x) if x else None,
        )
        for i, (n, r, d, h, o, s, x) in enumerate(PEOPLE, 1)
    ]
    instruments = [
        dict(
            id=f"ins{i}",
            name=n,
            maker=m,
            room=r,
            purchase_price=p,
            purchased_on=dt.date.fromisoformat(b),
            calibrated_on=dt.date.fromisoformat(c),
            status=s,
        )
        for i, (n, m, r, p, b, c, s) in enumerate(INSTRUMENTS, 1)
    ]
    papers, edges, dates = [], [], {}
    for i, (title, abstract) in enumerate(PAPERS, 1):
        day = dt.date(2018, 2, 1) + dt.timedelta(days=(i - 1) * 95 + rng.randrange(60))
        papers.append(
            dict(
                id=f"pap{i}",
                title=title,
                journal=rng.choice(
                    ["Nature Materials", "Physical Review B", "Soft Matter", "Joule", "Advanced Materials"]
                ),
                published_on=day,
                submitted_on=day - dt.timedelta(days=rng.randrange(60, 420)),
                pages=rng.randrange(4, 40),
                downloads=rng.randrange(80, 9000),
                open_access=rng.random() < 0.5,
                abstract=abstract,
            )
        )
        authors = [p for p in people if p["started_on"] < day and p["name"] not in ("Andrej Kos", "Rainer Kock")]
        edges += [
            dict(src=a["id"], dst=f"pap{i}", type="authored", position=k)
            for k, a in enumerate(rng.sample(authors, min(len(authors), rng.choice([1, 2, 3, 4]))), 1)
        ]
        edges += [
            dict(src=f"pap{i}", dst=f"pap{j}", type="cites")
            for j in sorted(rng.sample(range(1, i), min(i - 1, rng.choice([0, 1, 2, 2, 3]))))
        ]
    experiments = []
    for i in range(1, 91):
        day = dt.date(2022, 1, 10) + dt.timedelta(days=rng.randrange(1170))
        status = (
            rng.choices(["finished", "aborted", "running"], [8, 2, 1])[0]
            if day < dt.date(2025, 1, 1)
            else rng.choice(["running", "planned", "finished"])
        )
        budget = rng.randrange(2000, 60000, 500)
        start = dt.datetime(day.year, day.month, day.day, rng.randrange(7, 19), rng.choice([0, 30]))
        experiments.append(
            dict(
                id=f"exp{i}",
                code=f"EXP-{300 + i}",
                title=f"{rng.choice(TITLES)} {rng.choice(['I', 'II', 'III', 'IV', 'V'])}",
                status=status,
                budget=budget,
                spent=0 if status == "planned" else int(budget * rng.uniform(0.3, 1.35)),
                temperature_k=rng.choice([4.2, 77.0, 120.0, 293.0, 298.0, 350.0]),
                started_at=start,
                finished_at=start + dt.timedelta(days=rng.randrange(1, 60), hours=rng.randrange(10))
                if status in ("finished", "aborted")
                else None,
                remarks=rng.choice(REMARKS),
            )
        )
        active = [
            p
            for p in people
            if p["started_on"] <= day and (p["left_on"] is None or p["left_on"] > day) and p["role"] != "guest"
        ]
        edges.append(dict(src=rng.choice(active)["id"], dst=f"exp{i}", type="leads"))
        edges += [
            dict(src=f"exp{i}", dst=x["id"], type="uses", hours=rng.randrange(2, 90))
            for x in rng.sample(instruments[:13], rng.choice([1, 1, 2]))
        ]
    return {"researchers": people, "papers": papers, "instruments": instruments, "experiments": experiments}, edges
