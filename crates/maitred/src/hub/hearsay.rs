//! What a device says on its socket, read from its text. Pure.

use floor::FieldError;
use schemars::JsonSchema;
use serde_json::{Map, Value};

use crate::access::Token;

/// Something that a device says.
#[derive(Debug, PartialEq, Eq, JsonSchema)]
#[schemars(tag = "type", rename_all = "snake_case")]
pub(crate) enum Hearsay {
    /// It names its restaurant.
    RestaurantConnect(Join),
    /// It asks for a pong.
    Ping,
    /// It answers, and wants nothing.
    Pong,
    /// It is there, and wants nothing.
    Heartbeat,
}

/// What a device says when it joins.
#[derive(Debug, Clone, Default, PartialEq, Eq, JsonSchema)]
#[schemars(inline)]
pub struct Join {
    /// The restaurant that it is for.
    pub restaurant_id: String,
    /// What kind of device it is; echoed.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// What it calls itself; for the server's own log.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Where it left off.
    #[schemars(with = "Option<u64>", skip_serializing_if = "Option::is_none")]
    pub since: Since,
    /// The life of the log in which it left off.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    /// What shows that it may.
    #[schemars(with = "Option<String>", skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
}

/// Where a device left off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Since {
    /// It does not say: it begins with what happens from now on.
    #[default]
    Now,
    /// At this message.
    Seq(u64),
    /// At something that is no message's number.
    Unusable,
}

impl Since {
    /// Reads the `since` of a URL.
    pub fn from_query(text: &str) -> Self {
        text.parse().map_or(Self::Unusable, Self::Seq)
    }
}

/// Why a text says nothing: a code for programs and words for people.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gibberish {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Hearsay {
    pub(super) fn read(text: &str) -> Result<Self, Gibberish> {
        let gibberish = |code, message| Err(Gibberish { code, message });
        let object = match serde_json::from_str(text) {
            Ok(Value::Object(object)) => object,
            Ok(_) => return gibberish("invalid", "A message must be a JSON object with a type.".to_owned()),
            Err(error) => return gibberish("malformed_json", format!("The message is not JSON: {error}.")),
        };
        match object.get("type").and_then(Value::as_str) {
            Some("restaurant_connect") => match read_join(&object) {
                Ok(join) => Ok(Self::RestaurantConnect(join)),
                Err(FieldError { field, message }) => gibberish("invalid", format!("{field} {message}.")),
            },
            Some("ping") => Ok(Self::Ping),
            Some("pong") => Ok(Self::Pong),
            Some("heartbeat") => Ok(Self::Heartbeat),
            Some(other) => gibberish("unknown_type", format!("There is no message type {other:?} from a device.")),
            None => gibberish("unknown_type", "The message has no type.".to_owned()),
        }
    }
}

fn read_join(object: &Map<String, Value>) -> Result<Join, FieldError> {
    let text = |name: &str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(FieldError::new(name, "must be a text")),
    };
    Ok(Join {
        restaurant_id: text("restaurant_id")?.ok_or_else(|| FieldError::new("restaurant_id", "is required"))?,
        platform: text("platform")?,
        device_id: text("device_id")?,
        since: match object.get("since") {
            None | Some(Value::Null) => Since::Now,
            Some(since) => since.as_u64().map_or(Since::Unusable, Since::Seq),
        },
        epoch: text("epoch")?,
        token: text("token")?.map(Token),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        Hearsay::read(text).expect_err("gibberish").code
    }

    #[test]
    fn a_device_names_its_restaurant_as_the_ios_client_does() {
        let text = r#"{"type": "restaurant_connect", "restaurant_id": "test-restaurant", "platform": "iOS"}"#;
        let join =
            Join { restaurant_id: "test-restaurant".to_owned(), platform: Some("iOS".to_owned()), ..Join::default() };
        assert_eq!(Hearsay::read(text), Ok(Hearsay::RestaurantConnect(join)));
    }

    #[test]
    fn a_cursor_that_is_no_message_number_is_known_for_one() {
        let since = |value: &str| match Hearsay::read(&format!(
            r#"{{"type":"restaurant_connect","restaurant_id":"r","since":{value}}}"#
        )) {
            Ok(Hearsay::RestaurantConnect(join)) => join.since,
            other => panic!("{other:?}"),
        };
        assert_eq!(since("41"), Since::Seq(41));
        assert_eq!(since("null"), Since::Now);
        for bad in ["-1", "1.5", "\"41\"", "[]"] {
            assert_eq!(since(bad), Since::Unusable, "{bad}");
        }
    }

    #[test]
    fn gibberish_is_told_from_what_it_might_have_been() {
        assert_eq!(code("hello"), "malformed_json");
        assert_eq!(code("[1]"), "invalid");
        assert_eq!(code("{}"), "unknown_type");
        assert_eq!(code(r#"{"type":"guest_updated"}"#), "unknown_type");
        assert_eq!(code(r#"{"type":"restaurant_connect"}"#), "invalid");
        assert_eq!(code(r#"{"type":"restaurant_connect","restaurant_id":7}"#), "invalid");
        assert_eq!(code(r#"{"type":"restaurant_connect","restaurant_id":"r","platform":{}}"#), "invalid");
    }
}
