//! Points in time as the wire writes them: RFC 3339, UTC, microseconds, `Z`. Never asks what time it is.

use std::{borrow::Cow, fmt, str::FromStr};

use jiff::{Timestamp, Unit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

/// A point in time between the years 1 and 9999, to the microsecond. Written `2025-08-16T07:21:27.177385Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Time(Timestamp);

/// A text or number that names no point in time which this wire can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidTime;

impl fmt::Display for InvalidTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be an RFC 3339 time with a zone, such as 2025-08-16T07:21:27.177385Z")
    }
}

impl std::error::Error for InvalidTime {}

/// 0001-01-01T00:00:00Z and 9999-12-30T22:00:00Z (jiff's own maximum): four-digit years, as RFC 3339 demands.
const MIN_MICROSECONDS: i64 = -62_135_596_800_000_000;
const MAX_MICROSECONDS: i64 = 253_402_207_200_000_000;

impl Time {
    /// From microseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// Outside of the years 1 to 9999.
    pub fn from_microseconds(microseconds: i64) -> Result<Self, InvalidTime> {
        if !(MIN_MICROSECONDS..=MAX_MICROSECONDS).contains(&microseconds) {
            return Err(InvalidTime);
        }
        Timestamp::from_microsecond(microseconds).map(Self).map_err(|_| InvalidTime)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn as_microseconds(self) -> i64 {
        self.0.as_microsecond()
    }
}

impl FromStr for Time {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let timestamp: Timestamp = text.parse().map_err(|_| InvalidTime)?;
        let rounded = timestamp.round(Unit::Microsecond).map_err(|_| InvalidTime)?;
        Self::from_microseconds(rounded.as_microsecond())
    }
}

impl TryFrom<String> for Time {
    type Error = InvalidTime;

    fn try_from(text: String) -> Result<Self, InvalidTime> {
        text.parse()
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$";
        json_schema!({ "type": "string", "format": "date-time", "pattern": pattern })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_with_six_digits_and_z() {
        for (given, written) in [
            ("2025-08-16T07:21:27.177385Z", "2025-08-16T07:21:27.177385Z"),
            ("2025-08-16T07:21:27Z", "2025-08-16T07:21:27.000000Z"),
            ("2025-08-16T09:21:27.5+02:00", "2025-08-16T07:21:27.500000Z"),
        ] {
            assert_eq!(given.parse::<Time>().map(|time| time.to_string()), Ok(written.to_owned()));
        }
    }

    #[test]
    fn a_time_without_a_zone_or_outside_of_four_digit_years_is_refused() {
        for bad in ["2025-08-16T07:21:27", "2025-08-16", "yesterday", "", "-000001-01-01T00:00:00Z", "1755328887"] {
            assert_eq!(bad.parse::<Time>(), Err(InvalidTime), "{bad}");
        }
    }
}
