# ruff: noqa: C408
"""A veterinary clinic: vets, owners, patients (animals), medications, visits. All data is of 2021 to 2025-05."""

import datetime as dt
import random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Vet(BaseModel):
    """A veterinarian of the clinic."""

    name: str
    specialty: str
    salary: int = Field(description="Yearly salary in euros")
    status: Literal["active", "on leave", "retired"]
    hired_on: dt.date
    email: str


class Owner(BaseModel):
    """The person that an animal belongs to."""

    name: str
    city: str
    phone: str
    registered_on: dt.date


class Patient(BaseModel):
    """An animal that the clinic treats."""

    name: str
    species: Literal["cat", "dog", "rabbit", "parrot", "horse", "turtle"]
    breed: str
    sex: Literal["male", "female"]
    weight_kg: float
    target_weight_kg: float = Field(description="Weight that the vet recommends")
    born_on: dt.date
    insured: bool
    admitted_at: dt.datetime = Field(description="When the animal first came to the clinic")


class Medication(BaseModel):
    """A drug in the pharmacy of the clinic."""

    model_config = ConfigDict(json_schema_extra={"embedding_fields": ["name", "description"]})

    name: str
    kind: Literal["antibiotic", "painkiller", "vaccine", "antiparasitic", "heart", "sedative"]
    price: float = Field(description="Price of a pack in euros")
    stock: int
    min_stock: int = Field(description="Least number of packs that should be there")
    expires_on: dt.date
    prescription_only: bool
    description: str


class Visit(BaseModel):
    """An appointment of an animal in the clinic."""

    model_config = ConfigDict(json_schema_extra={"key_field": "code", "embedding_fields": ["notes"]})

    code: str
    reason: Literal["checkup", "vaccination", "surgery", "injury", "dental", "emergency"]
    status: Literal["scheduled", "completed", "cancelled", "no-show"]
    fee: float = Field(description="What the owner pays, in euros")
    starts_at: dt.datetime
    ends_at: dt.datetime | None = None
    notes: str = Field(description="What the vet wrote down")


MODELS = {"vets": Vet, "owners": Owner, "patients": Patient, "medications": Medication, "visits": Visit}

VETS = [
    ("Dr. Petra Novak", "surgery", 91000, "active", "2014-02-01"),
    ("Dr. Samuel Okafor", "cardiology", 98500, "active", "2016-09-15"),
    ("Dr. Ines Marin", "dentistry", 74000, "on leave", "2019-05-01"),
    ("Dr. Felix Brandt", "surgery", 83000, "active", "2018-01-10"),
    ("Dr. Yuki Tanaka", "exotics", 79500, "active", "2020-11-01"),
    ("Dr. Claire Fontaine", "dermatology", 71000, "active", "2022-03-01"),
    ("Dr. Omar Haddad", "general practice", 66000, "active", "2023-06-12"),
    ("Dr. Ruth Ashford", "general practice", 88000, "retired", "1998-04-01"),
    ("Dr. Milan Kral", "orthopedics", 86500, "on leave", "2017-07-01"),
    ("Dr. Greta Lund", "general practice", 64000, "active", "2024-01-08"),
    ("Dr. Paul Weiss", "cardiology", 102000, "retired", "2001-10-01"),
    ("Dr. Nadia Popescu", "equine medicine", 81000, "active", "2021-08-16"),
]
MEDS = [
    ("Cardivet", "heart", 42.5, 18, 10, "2026-03-31", 1, "Tablets against heart failure in dogs."),
    ("Vetmoxin", "antibiotic", 19.9, 64, 30, "2025-11-30", 1, "Broad antibiotic for infections of skin and lungs."),
    ("Dolorex", "painkiller", 27.0, 7, 15, "2025-08-15", 1, "Injection against pain after surgery."),
    (
        "Ticksafe",
        "antiparasitic",
        15.5,
        120,
        40,
        "2027-01-31",
        0,
        "Drops against ticks and fleas, for dogs only, toxic for cats.",
    ),
    ("Felivac", "vaccine", 31.0, 35, 20, "2025-06-30", 1, "Vaccine against cat flu and leukaemia."),
    ("Canivac Plus", "vaccine", 33.5, 41, 20, "2025-09-30", 1, "Vaccine against distemper, parvo and rabies."),
    ("Calmivet", "sedative", 22.0, 12, 12, "2026-07-31", 1, "Mild sedative for travel and fireworks."),
    ("Wormaway", "antiparasitic", 9.8, 88, 25, "2026-10-31", 0, "Paste against worms for cats and dogs."),
    ("Equilax", "painkiller", 58.0, 5, 8, "2025-12-31", 1, "Paste against colic pain in horses."),
    ("Dentaclean", "antibiotic", 24.0, 0, 10, "2025-05-31", 1, "Gel for infections of the gums."),
    ("Bunnyvac", "vaccine", 28.0, 14, 10, "2026-02-28", 1, "Vaccine against myxomatosis in rabbits."),
    ("Arthroflex", "painkiller", 36.0, 23, 10, "2026-05-31", 0, "Chewable tablets for stiff joints and arthritis."),
    ("Ketasleep", "sedative", 65.0, 9, 6, "2027-04-30", 1, "Anaesthetic for surgery, keep locked."),
    ("Pimocor", "heart", 55.0, 3, 5, "2026-01-31", 1, "Drops for weak hearts in cats."),
]
CATS = ["Siamese", "Maine Coon", "Persian", "European Shorthair", "Bengal"]
DOGS = ["Labrador", "Beagle", "Border Collie", "Dachshund", "Poodle", "German Shepherd"]
BREEDS = {
    "cat": CATS,
    "dog": DOGS,
    "rabbit": ["Lionhead", "Dutch"],
    "parrot": ["African Grey", "Cockatiel"],
    "horse": ["Haflinger", "Arabian"],
    "turtle": ["Greek"],
}
WEIGHT = {
    "cat": (2.5, 8),
    "dog": (6, 42),
    "rabbit": (1.2, 3.5),
    "parrot": (0.1, 0.6),
    "horse": (380, 610),
    "turtle": (0.8, 2.5),
}
PETS = [
    "Luna",
    "Milo",
    "Bella",
    "Simba",
    "Nala",
    "Rocky",
    "Coco",
    "Felix",
    "Daisy",
    "Max",
    "Ruby",
    "Oscar",
    "Misty",
    "Bruno",
    "Pepper",
    "Ginger",
    "Shadow",
    "Willow",
    "Thor",
    "Olive",
    "Biscuit",
    "Tiger",
    "Cleo",
    "Duke",
    "Hazel",
    "Ziggy",
    "Poppy",
    "Gizmo",
    "Maple",
    "Rex",
    "Mochi",
    "Juno",
    "Bandit",
    "Sasha",
    "Peanut",
    "Kira",
    "Buddy",
    "Lola",
    "Socks",
    "Nemo",
    "Ivy",
    "Apollo",
    "Minka",
    "Rolf",
    "Trixie",
    "Whisky",
    "Fiona",
    "Caesar",
    "Bonnie",
    "Clover",
    "Pablo",
    "Storm",
    "Quincy",
    "Tofu",
    "Wanda",
    "Zorro",
    "Hera",
    "Odin",
    "Mimi",
    "Jasper",
]
FIRST = [
    "Karin",
    "Robert",
    "Leila",
    "Hugo",
    "Monika",
    "Dennis",
    "Amara",
    "Philip",
    "Teresa",
    "Igor",
    "Ulrike",
    "George",
    "Fatima",
    "Walter",
    "Selma",
    "Noah",
    "Agnes",
    "Marco",
    "Judith",
    "Andrei",
]
LAST = [
    "Schulz",
    "Peters",
    "Amin",
    "Costa",
    "Lehmann",
    "Ivanov",
    "Mensah",
    "Wagner",
    "Ortiz",
    "Petrov",
    "Seidel",
    "Clarke",
    "Zahid",
    "Brunner",
    "Eriksen",
    "Taylor",
    "Horvat",
    "Romano",
    "Fischer",
    "Munteanu",
]
NOTES = {
    "checkup": [
        "Healthy, next check in a year.",
        "Slightly overweight, diet advised.",
        "Heart murmur heard, refer to cardiology.",
        "Ears infected, antibiotic given.",
    ],
    "vaccination": ["Vaccinated without reaction.", "Small swelling after the injection.", "Vaccination book renewed."],
    "surgery": [
        "Neutered, recovery without problems.",
        "Tumour removed, sample sent to the lab.",
        "Broken leg fixed with a plate.",
        "Swallowed a sock, removed.",
    ],
    "injury": ["Bite wound cleaned and stitched.", "Torn claw, bandage for a week.", "Limping on the left hind leg."],
    "dental": ["Two teeth extracted.", "Tartar removed under sedation.", "Gums infected, gel given."],
    "emergency": ["Ate chocolate, vomiting induced.", "Hit by a car, shock treated.", "Seizure, observed over night."],
}


def data():
    rng = random.Random(23)
    vets = [
        dict(
            id=f"vet{i}",
            name=n,
            specialty=s,
            salary=p,
            status=st,
            hired_on=dt.date.fromisoformat(h),
            email=f"{n.split()[-1].lower()}@pawclinic.example",
        )
        for i, (n, s, p, st, h) in enumerate(VETS, 1)
    ]
    meds = [
        dict(
            id=f"med{i}",
            name=n,
            kind=k,
            price=p,
            stock=s,
            min_stock=m,
            expires_on=dt.date.fromisoformat(e),
            prescription_only=bool(r),
            description=d,
        )
        for i, (n, k, p, s, m, e, r, d) in enumerate(MEDS, 1)
    ]
    owners, seen, edges = [], set(), []
    while len(owners) < 42:
        name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
        if name in seen:
            continue
        seen.add(name)
        i = len(owners) + 1
        owners.append(
            dict(
                id=f"own{i}",
                name=name,
                city=rng.choice(["Graz", "Vienna", "Linz", "Salzburg", "Graz", "Leoben"]),
                phone=f"+43 660 {rng.randrange(1000000, 9999999)}",
                registered_on=dt.date(2021, 1, 4) + dt.timedelta(days=rng.randrange(1500)),
            )
        )
    patients = []
    for i, name in enumerate(PETS, 1):
        species = rng.choices(list(BREEDS), [10, 12, 3, 2, 2, 1])[0]
        low, high = WEIGHT[species]
        weight = round(rng.uniform(low, high), 1 if high > 1 else 2)
        owner = rng.choice(owners[:36])  # six owners have no animal here
        day = owner["registered_on"] + dt.timedelta(days=rng.randrange(120))
        patients.append(
            dict(
                id=f"pat{i}",
                name=name,
                species=species,
                breed=rng.choice(BREEDS[species]),
                sex=rng.choice(["male", "female"]),
                weight_kg=weight,
                target_weight_kg=round(weight * rng.uniform(0.82, 1.15), 1 if high > 1 else 2),
                born_on=day - dt.timedelta(days=rng.randrange(60, 3800)),
                insured=rng.random() < 0.4,
                admitted_at=dt.datetime(
                    day.year, day.month, day.day, rng.randrange(8, 18), rng.choice([0, 15, 30, 45])
                ),
            )
        )
        edges.append(dict(src=f"pat{i}", dst=owner["id"], type="owned_by"))
        pool = {"horse": ["vet12"], "parrot": ["vet5"], "turtle": ["vet5"], "rabbit": ["vet5", "vet7"]}.get(
            species,
            ["vet1", "vet2", "vet3", "vet4", "vet6", "vet7", "vet9", "vet8"]
            if species == "dog"
            else ["vet2", "vet3", "vet4", "vet6", "vet7", "vet8"],
        )
        for vet in rng.sample(pool, min(len(pool), rng.choice([1, 1, 2]))):
            edges.append(
                dict(src=f"pat{i}", dst=vet, type="treated_by", since=str(day + dt.timedelta(days=rng.randrange(30))))
            )
    visits = []
    for i in range(1, 171):
        patient = rng.choice(patients[:54])  # six animals have no visit
        first = patient["admitted_at"].date()
        day = first + dt.timedelta(days=rng.randrange(max((dt.date(2025, 5, 30) - first).days, 1)))
        start = dt.datetime(day.year, day.month, day.day, rng.randrange(8, 18), rng.choice([0, 15, 30, 45]))
        reason = rng.choices(list(NOTES), [6, 5, 2, 3, 2, 2])[0]
        base = {"checkup": 55, "vaccination": 48, "surgery": 620, "injury": 130, "dental": 240, "emergency": 310}[
            reason
        ]
        status = (
            rng.choices(["completed", "cancelled", "no-show"], [12, 1, 1])[0]
            if day < dt.date(2025, 5, 10)
            else "scheduled"
        )
        minutes = {"checkup": 20, "vaccination": 15, "surgery": 120, "injury": 35, "dental": 60, "emergency": 75}[
            reason
        ]
        visits.append(
            dict(
                id=f"vis{i}",
                code=f"VIS-{1000 + i}",
                reason=reason,
                status=status,
                fee=round(base * rng.uniform(0.8, 1.6), 1),
                starts_at=start,
                ends_at=start + dt.timedelta(minutes=minutes + rng.randrange(15)) if status == "completed" else None,
                notes=rng.choice(NOTES[reason])
                if status == "completed"
                else ("Cancelled by phone." if status == "cancelled" else "Nothing yet."),
            )
        )
        edges.append(dict(src=f"vis{i}", dst=patient["id"], type="visit_of"))
    pairs = set()
    while len(pairs) < 60:
        p, m = rng.choice(patients[:50]), rng.choice(meds[:12])
        if (p["id"], m["id"]) not in pairs:
            pairs.add((p["id"], m["id"]))
            edges.append(dict(src=p["id"], dst=m["id"], type="takes", doses_per_day=rng.choice([1, 1, 2, 3])))
    return {"vets": vets, "owners": owners, "patients": patients, "medications": meds, "visits": visits}, edges
