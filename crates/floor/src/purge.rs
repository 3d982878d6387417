//! Forgetting who a guest was, in the texts that are kept: messages, and answers kept for a retry. Each keeps its shape,
//! so that whoever reads it later sees that somebody came, sat and left, and not who. Never touches another guest's data.

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use crate::{Answer, Decision, Entity, Guest, OperationResult};

/// What a guest is called whose name has been forgotten.
const PURGED_NAME: &str = "(purged)";

/// The fields that tell who a guest is, and what they become.
const PERSONAL: [(&str, &str); 5] =
    [("guestName", "\"(purged)\""), ("phone", "null"), ("email", "null"), ("notes", "null"), ("tags", "[]")];

/// Removes the personal data of the guests that `goes` names from a message or an answer, in JSON. Everything else in it
/// stays as it is, to the order of the keys. None if there was nothing to remove, as there is not when it has been done
/// before. `goes` is asked about each guest whom the text tells of, and about nobody else.
///
/// # Errors
/// If the text is not JSON.
pub fn purge(text: &str, goes: impl Fn(&str) -> bool) -> serde_json::Result<Option<String>> {
    walk(serde_json::from_str(text)?, &goes)
}

impl Guest {
    /// The same guest without what tells who it is.
    #[must_use]
    pub fn purged(self) -> Self {
        Self { guest_name: PURGED_NAME.to_owned(), phone: None, email: None, notes: None, tags: Vec::new(), ..self }
    }
}

impl Decision {
    /// The same decision, whose answer does not tell who a guest is.
    #[must_use]
    pub fn purged(self) -> Self {
        let answer = match self.answer {
            Answer::One(OperationResult { status, entity: Entity::Guest(guest) }) => {
                Answer::One(OperationResult { status, entity: Entity::Guest(guest.purged()) })
            }
            other => other,
        };
        Self { answer, ..self }
    }
}

/// The text of a value without the personal data in it; none if that changes nothing.
fn walk(value: &RawValue, goes: &impl Fn(&str) -> bool) -> serde_json::Result<Option<String>> {
    match value.get().as_bytes().first() {
        Some(b'{') => {
            let object: Object<'_> = serde_json::from_str(value.get())?;
            let personal = object.guest(goes);
            object.rewritten(|key, value| if personal == Some(key) { purge_guest(value) } else { walk(value, goes) })
        }
        Some(b'[') => {
            let values: Vec<&RawValue> = serde_json::from_str(value.get())?;
            let purged: Vec<_> = values.iter().map(|value| walk(value, goes)).collect::<Result<_, _>>()?;
            if purged.iter().all(Option::is_none) {
                return Ok(None);
            }
            let values = values.iter().zip(&purged).map(|(old, new)| new.as_deref().unwrap_or(old.get()));
            Ok(Some(format!("[{}]", values.collect::<Vec<_>>().join(","))))
        }
        _ => Ok(None),
    }
}

/// The text of a guest without its personal data; none if there was none.
fn purge_guest(guest: &RawValue) -> serde_json::Result<Option<String>> {
    let object: Object<'_> = serde_json::from_str(guest.get())?;
    object.rewritten(|key, value| {
        let purged = PERSONAL.iter().find(|(field, _)| *field == key).map(|(_, purged)| *purged);
        Ok(purged.filter(|purged| *purged != value.get()).map(str::to_owned))
    })
}

/// An object whose keys keep their order, and whose values their text.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl Object<'_> {
    /// The key under which the object holds one of the guests, if it does: a message says so in one way, the result of
    /// an operation in another.
    fn guest(&self, goes: &impl Fn(&str) -> bool) -> Option<&'static str> {
        let is_one = |key| self.text(key).is_some_and(|id| goes(&id));
        if self.text("type").is_some_and(|kind| kind.starts_with("guest_")) && is_one("guest_id") {
            Some("data")
        } else if self.text("entity_type").is_some_and(|kind| kind == "guest") && is_one("entity_id") {
            Some("guest")
        } else {
            None
        }
    }

    fn text(&self, key: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(name, _)| name == key)?;
        serde_json::from_str(value.get()).ok()
    }

    /// The object with other values under some of its keys; none if `rewrite` has none for any.
    fn rewritten(
        &self,
        mut rewrite: impl FnMut(&str, &RawValue) -> serde_json::Result<Option<String>>,
    ) -> serde_json::Result<Option<String>> {
        let mut text = String::from("{");
        let mut changed = false;
        for (key, value) in &self.0 {
            let new = rewrite(key, value)?;
            changed |= new.is_some();
            if text.len() > 1 {
                text.push(',');
            }
            text += &serde_json::to_string(key)?;
            text.push(':');
            text += new.as_deref().unwrap_or(value.get());
        }
        text.push('}');
        Ok(changed.then_some(text))
    }
}

impl<'a> Deserialize<'a> for Object<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'a> de::Visitor<'a> for Entries {
            type Value = Object<'a>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: de::MapAccess<'a>>(self, mut map: M) -> Result<Object<'a>, M::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Object(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}
