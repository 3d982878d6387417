//! What stands where in the demo, and who might come. Nothing here happens.

use floor::Shape;
use rand::{random_bool, random_range, seq::IndexedRandom};
use serde_json::{Map, Value, json};

/// A table's number, section, capacity and shape; where its middle stands, from 0 to 1; how far it is turned.
type Place = (u8, &'static str, u8, Shape, (f64, f64), i16);

/// Three rooms of which each can be drawn alone. Numbers begin with the section's, as houses do it.
const TABLES: [Place; 14] = [
    (1, "Main room", 2, Shape::Round, (0.05, 0.07), 0),
    (2, "Main room", 2, Shape::Round, (0.26, 0.07), 0),
    (3, "Main room", 4, Shape::Square, (0.48, 0.1), 45),
    (4, "Main room", 6, Shape::Rectangle, (0.05, 0.42), 90),
    (5, "Main room", 8, Shape::Oval, (0.37, 0.44), 0),
    (6, "Main room", 4, Shape::Square, (0.05, 0.8), 0),
    (7, "Main room", 4, Shape::Round, (0.26, 0.8), 0),
    (8, "Main room", 4, Shape::Square, (0.48, 0.78), 45),
    (21, "Terrace", 4, Shape::Round, (0.74, 0.07), 0),
    (22, "Terrace", 4, Shape::Round, (0.95, 0.12), 0),
    (23, "Terrace", 2, Shape::Square, (0.74, 0.38), 45),
    (24, "Terrace", 2, Shape::Square, (0.95, 0.43), 45),
    (31, "Bar", 2, Shape::Round, (0.74, 0.85), 0),
    (32, "Bar", 2, Shape::Round, (0.95, 0.85), 0),
];

/// The table that is kept for somebody, and the one at which nobody can sit.
const RESERVED: u8 = 3;
const BROKEN: u8 = 24;

/// The bodies of the tables, to be created like any others.
pub(super) fn tables() -> impl Iterator<Item = Value> {
    TABLES.into_iter().map(|(number, section, capacity, shape, (x, y), rotation)| {
        let (status, notes) = match number {
            RESERVED => ("reserved", Some("For tonight's birthday")),
            BROKEN => ("out_of_service", Some("Wobbles; the joiner comes on Monday")),
            _ => ("available", None),
        };
        json!({
            "id": format!("table-{number}"),
            "tableNumber": number,
            "section": section,
            "capacity": capacity,
            "shape": shape,
            "position": { "x": x, "y": y },
            "rotation": rotation,
            "status": status,
            "notes": notes,
        })
    })
}

/// In no order that anybody could see.
pub(super) const NAMES: [&str; 24] = [
    "Rivera",
    "Okafor",
    "Nguyen",
    "Schmidt",
    "Rossi",
    "Kowalski",
    "Haddad",
    "O'Brien",
    "Tanaka",
    "Silva",
    "Johansson",
    "Papadopoulos",
    "García",
    "Dubois",
    "Ivanova",
    "Yılmaz",
    "Cohen",
    "Mensah",
    "Patel",
    "Müller",
    "Kim",
    "Novák",
    "Andersen",
    "López",
];

const SIZES: [u16; 12] = [1, 2, 2, 2, 2, 3, 4, 4, 4, 5, 6, 8];

/// What a host is to know of a party: a tag and what it means this time.
const WISHES: [(&str, &str); 6] = [
    ("birthday", "A candle on the dessert"),
    ("allergy", "No nuts, not even traces"),
    ("allergy", "No shellfish"),
    ("high chair", "With a child of one and a half"),
    ("regular", "Likes to sit by the window"),
    ("regular", "Says that any table will do, and means a quiet one"),
];

/// A party of this name, as it might come, or call.
pub(super) fn party(name: &str) -> Map<String, Value> {
    let wish = WISHES.choose(&mut rand::rng()).filter(|_| random_bool(0.35));
    // The numbers that Ofcom keeps for plays: nobody in London has one of them.
    let phone = random_bool(0.6).then(|| format!("+44 20 7946 0{:03}", random_range(0..1_000)));
    let fields = [
        ("guestName", json!(name)),
        ("partySize", json!(SIZES.choose(&mut rand::rng()))),
        ("phone", json!(phone)),
        ("tags", json!(Vec::from_iter(wish.map(|(tag, _)| tag)))),
        ("notes", json!(wish.map(|(_, notes)| notes))),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
