# ruff: noqa: E501, C408
"""A small online shop for household goods: customers, products, orders, suppliers. All data is of 2023-01 to 2025-06."""

import datetime as dt
import random
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Supplier(BaseModel):
    """A company that the shop buys from."""

    name: str
    country: str
    rating: float = Field(description="Our own score of the supplier from 1 to 5")
    lead_days: int = Field(description="Days between our order and the arrival of the goods")
    contract_since: dt.date


class Customer(BaseModel):
    """Somebody who has an account in the shop."""

    model_config = ConfigDict(json_schema_extra={"key_field": "email"})

    name: str
    email: str
    city: str
    country: str
    tier: Literal["bronze", "silver", "gold", "platinum"] = Field(description="Loyalty level")
    newsletter: bool = Field(description="Whether the customer is subscribed to the newsletter")
    signed_up: dt.date


class Product(BaseModel):
    """Something that the shop sells."""

    model_config = ConfigDict(json_schema_extra={"key_field": "sku", "embedding_fields": ["name", "description"]})

    sku: str
    name: str
    category: str
    price: Decimal = Field(max_digits=10, decimal_places=2, description="Sales price in euros")
    cost: Decimal = Field(max_digits=10, decimal_places=2, description="What we pay for it, in euros")
    stock: int = Field(description="Pieces in the warehouse")
    reorder_level: int = Field(description="Order more when the stock falls below this")
    weight_kg: float
    discontinued: bool
    launched_on: dt.date
    description: str


class Order(BaseModel):
    """A purchase."""

    model_config = ConfigDict(json_schema_extra={"key_field": "number", "embedding_fields": ["note"]})

    number: str
    status: Literal["pending", "paid", "shipped", "delivered", "cancelled", "returned"]
    total: float = Field(description="Amount in euros, without shipping")
    shipping_fee: float
    payment_method: Literal["card", "paypal", "invoice", "bank transfer"]
    placed_at: dt.datetime
    delivered_at: dt.datetime | None = None
    note: str | None = Field(default=None, description="What the customer wrote with the order")


MODELS = {"suppliers": Supplier, "customers": Customer, "products": Product, "orders": Order}

SUPPLIERS = [
    ("Nordlicht GmbH", "Germany", 4.6, 7, "2019-03-01"),
    ("Casa Bella Srl", "Italy", 3.9, 14, "2021-06-15"),
    ("Fjord Supply AS", "Norway", 4.8, 10, "2020-01-20"),
    ("Lusitania Ceramics", "Portugal", 4.2, 21, "2022-09-01"),
    ("Hartmann & Sons", "Germany", 3.4, 5, "2018-11-11"),
    ("Atelier Moreau", "France", 4.4, 12, "2023-02-01"),
    ("Baltic Linen", "Lithuania", 4.0, 9, "2022-04-04"),
    ("Shenzhen Brightway", "China", 3.1, 45, "2021-10-10"),
    ("Polar Outdoor", "Finland", 4.7, 11, "2024-03-15"),
    ("Oakridge Trading", "Ireland", 2.8, 18, "2024-05-02"),
]
PRODUCTS = [
    # name, category, price, cost, stock, reorder, kg, discontinued, launched, supplier, description
    (
        "Aurora Desk Lamp",
        "Lighting",
        "59.90",
        "28.00",
        34,
        10,
        1.4,
        0,
        "2022-10-01",
        0,
        "Dimmable LED lamp with a brass arm and a USB port.",
    ),
    (
        "Stella Floor Lamp",
        "Lighting",
        "149.00",
        "71.50",
        8,
        10,
        6.2,
        0,
        "2023-03-15",
        0,
        "Tall lamp with a linen shade and a foot switch.",
    ),
    (
        "Lumo String Lights",
        "Lighting",
        "19.95",
        "6.10",
        220,
        50,
        0.4,
        0,
        "2023-11-02",
        7,
        "Ten metres of warm white lights, waterproof, for the garden.",
    ),
    (
        "Comet Night Light",
        "Lighting",
        "12.50",
        "13.20",
        0,
        20,
        0.2,
        1,
        "2021-05-05",
        7,
        "Small light for children with a motion sensor.",
    ),
    (
        "Halo Pendant",
        "Lighting",
        "89.00",
        "41.00",
        15,
        5,
        2.1,
        0,
        "2024-09-10",
        5,
        "Hand-blown glass pendant for the dining table.",
    ),
    (
        "Terra Mug",
        "Kitchen",
        "14.00",
        "4.20",
        310,
        80,
        0.35,
        0,
        "2022-09-20",
        3,
        "Stoneware mug, glazed by hand, dishwasher safe.",
    ),
    (
        "Terra Dinner Set",
        "Kitchen",
        "129.00",
        "55.00",
        22,
        10,
        7.8,
        0,
        "2022-09-20",
        3,
        "Sixteen stoneware pieces for four people, dishwasher safe.",
    ),
    (
        "Bruno Espresso Maker",
        "Kitchen",
        "39.50",
        "17.00",
        61,
        25,
        0.9,
        0,
        "2023-01-10",
        1,
        "Aluminium pot for the stove, makes six cups.",
    ),
    (
        "Sharp Chef Knife",
        "Kitchen",
        "74.00",
        "30.00",
        40,
        15,
        0.3,
        0,
        "2023-06-01",
        4,
        "Forged steel blade of 20 cm with an oak handle.",
    ),
    (
        "Olive Chopping Board",
        "Kitchen",
        "34.00",
        "15.50",
        12,
        15,
        1.8,
        0,
        "2023-06-01",
        1,
        "Solid olive wood, oiled, each one different.",
    ),
    (
        "Pino Pepper Mill",
        "Kitchen",
        "27.90",
        "11.00",
        55,
        20,
        0.4,
        0,
        "2024-02-14",
        1,
        "Beech mill with a ceramic grinder.",
    ),
    (
        "Copper Saucepan",
        "Kitchen",
        "118.00",
        "122.00",
        3,
        5,
        1.6,
        0,
        "2024-10-01",
        5,
        "Hammered copper, lined with tin, for the gas stove only.",
    ),
    (
        "Retro Toaster",
        "Kitchen",
        "64.00",
        "35.00",
        0,
        10,
        2.2,
        1,
        "2020-08-01",
        4,
        "Two slots, six levels, in mint green.",
    ),
    (
        "Fjell Wool Blanket",
        "Textiles",
        "96.00",
        "48.00",
        27,
        10,
        1.3,
        0,
        "2022-11-15",
        2,
        "Norwegian wool, woven in Gudbrandsdalen, with fringes.",
    ),
    (
        "Linnea Bed Sheets",
        "Textiles",
        "110.00",
        "52.00",
        46,
        20,
        1.9,
        0,
        "2023-04-01",
        6,
        "Washed linen, breathable, in sage and sand.",
    ),
    (
        "Linnea Pillowcase",
        "Textiles",
        "24.00",
        "9.80",
        130,
        40,
        0.2,
        0,
        "2023-04-01",
        6,
        "Washed linen with coconut buttons.",
    ),
    (
        "Cloud Bath Towel",
        "Textiles",
        "29.00",
        "10.40",
        85,
        60,
        0.6,
        0,
        "2023-08-20",
        6,
        "Organic cotton, 600 grams, quick to dry.",
    ),
    (
        "Harvest Tablecloth",
        "Textiles",
        "48.00",
        "22.00",
        9,
        12,
        0.8,
        0,
        "2024-08-25",
        6,
        "Linen tablecloth with an embroidered border.",
    ),
    (
        "Kelim Rug",
        "Textiles",
        "240.00",
        "131.00",
        5,
        4,
        9.5,
        0,
        "2024-01-30",
        7,
        "Flat woven rug of cotton and jute, reversible.",
    ),
    (
        "Trail Tent Two",
        "Outdoor",
        "329.00",
        "180.00",
        11,
        6,
        2.9,
        0,
        "2024-04-10",
        8,
        "Waterproof tent for two persons, pitches in five minutes.",
    ),
    (
        "Ember Camping Stove",
        "Outdoor",
        "84.90",
        "39.00",
        19,
        8,
        0.7,
        0,
        "2024-04-10",
        8,
        "Gas stove with a windshield, boils a litre in three minutes.",
    ),
    (
        "Glacier Flask",
        "Outdoor",
        "32.00",
        "12.00",
        140,
        50,
        0.5,
        0,
        "2023-05-12",
        2,
        "Steel bottle that keeps tea hot for twelve hours.",
    ),
    (
        "Summit Headlamp",
        "Outdoor",
        "45.00",
        "19.90",
        4,
        15,
        0.1,
        0,
        "2024-11-20",
        8,
        "Rechargeable lamp with 400 lumen and a red light.",
    ),
    (
        "Birch Hammock",
        "Outdoor",
        "79.00",
        "33.00",
        16,
        8,
        1.7,
        0,
        "2023-05-12",
        2,
        "Cotton hammock with birch spreader bars.",
    ),
    (
        "Moss Watering Can",
        "Garden",
        "38.00",
        "16.00",
        33,
        10,
        1.5,
        0,
        "2024-03-01",
        4,
        "Galvanised steel can of nine litres with a brass rose.",
    ),
    (
        "Robin Bird Feeder",
        "Garden",
        "26.50",
        "9.00",
        58,
        20,
        0.9,
        0,
        "2023-10-05",
        4,
        "Cedar feeder with a slate roof.",
    ),
    (
        "Clay Planter Trio",
        "Garden",
        "44.00",
        "18.00",
        20,
        20,
        5.4,
        0,
        "2024-03-01",
        3,
        "Three terracotta pots with saucers.",
    ),
    (
        "Garden Gnome Otto",
        "Garden",
        "22.00",
        "7.50",
        71,
        5,
        2.0,
        1,
        "2020-04-01",
        9,
        "Painted gnome with a wheelbarrow.",
    ),
    (
        "Vigo Wall Clock",
        "Decor",
        "52.00",
        "21.00",
        14,
        8,
        0.9,
        0,
        "2023-09-09",
        1,
        "Silent movement in a walnut frame.",
    ),
    (
        "Ines Vase",
        "Decor",
        "36.00",
        "13.00",
        48,
        12,
        1.1,
        0,
        "2022-12-01",
        3,
        "Matt white vase, glazed inside, waterproof.",
    ),
    (
        "Sable Candle",
        "Decor",
        "18.00",
        "5.00",
        95,
        40,
        0.3,
        0,
        "2024-10-20",
        5,
        "Soy wax with notes of cedar and fig, burns for fifty hours.",
    ),
    (
        "Memory Photo Frame",
        "Decor",
        "16.50",
        "6.00",
        77,
        25,
        0.4,
        0,
        "2022-06-18",
        9,
        "Oak frame for a picture of 13 by 18 cm.",
    ),
]
FIRST = [
    "Anna",
    "Luca",
    "Sofia",
    "Jonas",
    "Marta",
    "Pierre",
    "Ingrid",
    "Tomasz",
    "Elena",
    "Oliver",
    "Camille",
    "Henrik",
    "Giulia",
    "Niamh",
    "Pavel",
    "Beatriz",
    "Stefan",
    "Aoife",
    "Lars",
    "Chiara",
    "Emma",
    "Diego",
    "Hanna",
    "Viktor",
]
LAST = [
    "Berger",
    "Rossi",
    "Lindqvist",
    "Weber",
    "Kowalska",
    "Dubois",
    "Hansen",
    "Nowak",
    "Moreno",
    "Byrne",
    "Laurent",
    "Olsen",
    "Ferrari",
    "Murphy",
    "Svoboda",
    "Carvalho",
    "Keller",
    "Walsh",
    "Nilsen",
    "Bianchi",
]
CITIES = [
    ("Berlin", "Germany"),
    ("Munich", "Germany"),
    ("Hamburg", "Germany"),
    ("Milan", "Italy"),
    ("Rome", "Italy"),
    ("Paris", "France"),
    ("Lyon", "France"),
    ("Oslo", "Norway"),
    ("Dublin", "Ireland"),
    ("Lisbon", "Portugal"),
    ("Madrid", "Spain"),
    ("Prague", "Czechia"),
]
NOTES = [
    "Please leave the parcel with the neighbour.",
    "It is a gift, please wrap it.",
    "Ring twice.",
    "Deliver after 6 pm please.",
    "Gift for my mother, no invoice in the box.",
    "Leave it in the garage.",
    "The last parcel arrived broken, please pack well.",
    "Call me before delivery.",
]


def data():
    rng = random.Random(11)
    suppliers = [
        dict(id=f"sup{i}", name=n, country=c, rating=r, lead_days=d, contract_since=dt.date.fromisoformat(s))
        for i, (n, c, r, d, s) in enumerate(SUPPLIERS, 1)
    ]
    products, edges = [], []
    for i, (n, cat, p, c, st, ro, kg, dis, la, sup, text) in enumerate(PRODUCTS, 1):
        products.append(
            dict(
                id=f"prod{i}",
                sku=f"{cat[:3].upper()}-{100 + i}",
                name=n,
                category=cat,
                price=Decimal(p),
                cost=Decimal(c),
                stock=st,
                reorder_level=ro,
                weight_kg=kg,
                discontinued=bool(dis),
                launched_on=dt.date.fromisoformat(la),
                description=text,
            )
        )
        if n != "Memory Photo Frame":
            edges.append(dict(src=f"prod{i}", dst=f"sup{sup + 1}", type="supplied_by"))
    customers, names = [], set()
    while len(customers) < 60:
        first, last = rng.choice(FIRST), rng.choice(LAST)
        if (first, last) in names:
            continue
        names.add((first, last))
        city, country = rng.choice(CITIES)
        i = len(customers) + 1
        customers.append(
            dict(
                id=f"cust{i}",
                name=f"{first} {last}",
                email=f"{first}.{last}@example.{rng.choice(['com', 'org', 'net'])}".lower(),
                city=city,
                country=country,
                tier=rng.choices(["bronze", "silver", "gold", "platinum"], [8, 5, 3, 1])[0],
                newsletter=rng.random() < 0.55,
                signed_up=dt.date(2022, 6, 1) + dt.timedelta(days=rng.randrange(1000)),
            )
        )
    orders = []
    buyers = customers[:52]  # the last eight never bought anything
    for i in range(1, 191):
        customer = rng.choice(buyers[:20] if rng.random() < 0.5 else buyers)
        first = max(customer["signed_up"], dt.date(2023, 1, 2))
        day = first + dt.timedelta(days=rng.randrange(max((dt.date(2025, 6, 28) - first).days, 1)))
        placed = dt.datetime(day.year, day.month, day.day, rng.randrange(6, 23), rng.randrange(60))
        items = rng.sample(products[:30], rng.choices([1, 2, 3, 4], [5, 4, 2, 1])[0])
        amounts = [rng.choices([1, 2, 4], [7, 3, 1])[0] for _ in items]
        total = round(sum(float(p["price"]) * k for p, k in zip(items, amounts)), 2)
        status = rng.choices(["pending", "paid", "shipped", "delivered", "cancelled", "returned"], [1, 2, 3, 16, 2, 1])[
            0
        ]
        delivered = (
            placed + dt.timedelta(days=rng.randrange(2, 15), hours=rng.randrange(9))
            if status in ("delivered", "returned")
            else None
        )
        orders.append(
            dict(
                id=f"ord{i}",
                number=f"ORD-{2000 + i}",
                status=status,
                total=total,
                shipping_fee=0.0 if total > 100 else rng.choice([4.9, 6.9, 9.9, 19.9]),
                payment_method=rng.choice(["card", "card", "paypal", "invoice", "bank transfer"]),
                placed_at=placed,
                delivered_at=delivered,
                note=rng.choice(NOTES) if rng.random() < 0.3 else None,
            )
        )
        edges.append(dict(src=customer["id"], dst=f"ord{i}", type="placed"))
        edges += [dict(src=f"ord{i}", dst=p["id"], type="contains", quantity=k) for p, k in zip(items, amounts)]
    pairs = set()
    while len(pairs) < 70:
        c, p = rng.choice(customers[:40]), rng.choice(products[:28])
        if (c["id"], p["id"]) not in pairs:
            pairs.add((c["id"], p["id"]))
            edges.append(
                dict(
                    src=c["id"],
                    dst=p["id"],
                    type="reviewed",
                    stars=rng.choices([1, 2, 3, 4, 5], [1, 1, 3, 6, 7])[0],
                    on=str(dt.date(2024, 1, 1) + dt.timedelta(days=rng.randrange(500))),
                )
            )
    return {"suppliers": suppliers, "customers": customers, "products": products, "orders": orders}, edges
