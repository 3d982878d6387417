//! Every way in which the server ends a conversation: the one place that knows reasons and close codes.

use std::time::Duration;

use schemars::JsonSchema;

use crate::config::{BUSY_RETRY_MS, RETRY_MS};

/// Why the server ends a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(crate) enum Farewell {
    /// The server is going down; its successor will know the device's cursor.
    ShuttingDown,
    /// There is no such restaurant.
    NotFound,
    /// The restaurant is gone.
    RestaurantDeleted,
    /// The device may not listen, or not any more.
    NotAllowed,
    /// The device did not say in time which restaurant it is for.
    IdentifyTimeout,
    /// The device gave no sign of life.
    IdleTimeout,
    /// The device sent a message over the limit.
    TooLarge,
    /// The device broke the WebSocket protocol.
    ProtocolError,
    /// The device takes nothing of what it is sent.
    NotReading,
    /// More devices are being brought up to date than can be at once.
    Busy,
    /// The restaurant has as many devices as it may have.
    TooManyDevices,
    /// The database can't be read just now.
    Unavailable,
}

impl Farewell {
    /// For programs, in `bye`.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::ShuttingDown => "shutting_down",
            Self::NotFound => "not_found",
            Self::RestaurantDeleted => "restaurant_deleted",
            Self::NotAllowed => "not_allowed",
            Self::IdentifyTimeout => "identify_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::TooLarge => "too_large",
            Self::ProtocolError => "protocol_error",
            Self::NotReading => "not_reading",
            Self::Busy => "busy",
            Self::TooManyDevices => "too_many_devices",
            Self::Unavailable => "unavailable",
        }
    }

    /// The close code: RFC 6455, section 7.4.1, and the IANA registry that it founded.
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::ShuttingDown => 1001,
            Self::ProtocolError => 1002,
            Self::NotFound | Self::RestaurantDeleted | Self::NotAllowed | Self::IdentifyTimeout => 1008,
            Self::TooLarge => 1009,
            Self::IdleTimeout | Self::NotReading | Self::Busy | Self::TooManyDevices | Self::Unavailable => 1013,
        }
    }

    /// The same as a time to wait here.
    pub(crate) fn retry(self) -> Duration {
        Duration::from_millis(self.retry_ms())
    }

    /// After how long the device may come back, in ms. Drawn anew for each device, so that they don't all come at once.
    pub(crate) fn retry_ms(self) -> u64 {
        rand::random_range(match self {
            Self::Busy | Self::TooManyDevices => BUSY_RETRY_MS,
            _ => RETRY_MS,
        })
    }
}
