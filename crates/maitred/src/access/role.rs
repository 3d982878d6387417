//! Roles: what each may do is one table.

use std::{fmt, str::FromStr};

use floor::{Command, fields::Words};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// What someone is in a restaurant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A screen that shows the floor.
    Display,
    /// Runs the door and the floor.
    Host,
    /// Runs the restaurant.
    Manager,
    /// Opens and closes restaurants.
    Owner,
}

/// Something that not everyone may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Read the floor, its guests and tables and the log, and listen to what changes.
    See,
    /// Change guests and tables.
    Serve,
    /// Change the restaurant itself, let devices in and send them away, see who did what, purge personal data.
    Manage,
    /// Open and close the restaurant.
    Own,
}

impl Role {
    /// Every role, from the least to the most.
    pub const ALL: [Self; 4] = [Self::Display, Self::Host, Self::Manager, Self::Owner];

    /// What each role may do.
    pub fn may(self, right: Right) -> bool {
        match right {
            Right::See => true,
            Right::Serve => matches!(self, Self::Host | Self::Manager | Self::Owner),
            Right::Manage => matches!(self, Self::Manager | Self::Owner),
            Right::Own => matches!(self, Self::Owner),
        }
    }

    /// The role as tokens and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Display => "display",
            Self::Host => "host",
            Self::Manager => "manager",
            Self::Owner => "owner",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| format!("must be one of display, host, manager, owner, not {text:?}"))
    }
}

impl<'de> Deserialize<'de> for Role {
    // A derived reader would take {"owner": null} for the word, too.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Words for Role {
    const NAME: &str = "Role";
    const ALL: &[Self] = &Self::ALL;
    const ALSO: &[(&str, Self)] = &[];

    fn as_str(self) -> &'static str {
        self.as_str()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Right {
    /// What a command takes.
    pub fn to_command(command: &Command) -> Self {
        match command {
            Command::Write(_) | Command::Transact(_) => Self::Serve,
            Command::UpdateRestaurant(..) => Self::Manage,
            Command::CreateRestaurant(_) | Command::DeleteRestaurant(_) => Self::Own,
        }
    }

    /// What it is to do, in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::See => "look at the floor",
            Self::Serve => "change guests and tables",
            Self::Manage => "manage the restaurant",
            Self::Own => "open or close restaurants",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_one_below_it_may() {
        let rights = |role: Role| {
            [Right::See, Right::Serve, Right::Manage, Right::Own].into_iter().filter(|right| role.may(*right)).count()
        };
        assert_eq!(Role::ALL.map(rights), [1, 2, 3, 4]);
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert!("Owner".parse::<Role>().is_err_and(|error| error.contains("Owner")));
    }
}
