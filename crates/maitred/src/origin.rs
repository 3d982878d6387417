//! Origins: which page a browser is on when it asks (RFC 6454), and whether pages from there may ask. Pure. A client that
//! is no browser names none, or whichever it likes: this protects people's browsers from foreign pages, not the server.

use std::{fmt, net::IpAddr, str::FromStr};

use http::{HeaderValue, uri::Authority};

/// Where a page is from. Two are equal if a browser would think so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    /// None where it is the scheme's own.
    port: Option<u16>,
}

/// Whose pages may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// Those of anybody.
    Any,
    /// Those from there.
    One(Origin),
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("must be like https://host.example or http://10.0.0.7:8080, not {text:?}");
        let (scheme, authority) = text.split_once("://").ok_or_else(expected)?;
        // Socket libraries that are no browsers name the socket's scheme, and mean the one beneath.
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "ws" => "http".to_owned(),
            "wss" => "https".to_owned(),
            "" => return Err(expected()),
            other => other.to_owned(),
        };
        Self::new(scheme, authority).ok_or_else(expected)
    }
}

impl FromStr for AllowedOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" { Ok(Self::Any) } else { text.parse().map(Self::One) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Origin {
    fn new(scheme: String, authority: &str) -> Option<Self> {
        let authority: Authority = authority.parse().ok()?;
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() || authority.as_str().contains('@') {
            return None;
        }
        let usual = match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        let port = authority.port_u16();
        // What stands behind the host is a port, or it is no origin.
        if port.is_none() && authority.as_str().len() > host.len() {
            return None;
        }
        Some(Self { scheme, host, port: port.filter(|port| Some(*port) != usual) })
    }

    /// Whether it is the server's own, which was called `host` and is encrypted or not.
    fn is_own(&self, host: Option<&HeaderValue>, encrypted: bool) -> bool {
        // What is encrypted may be so by a proxy in front, of which a server that is not can't know.
        let plausible = self.scheme == "https" || (self.scheme == "http" && !encrypted);
        let own = host.and_then(|host| Self::new(self.scheme.clone(), host.to_str().ok()?));
        plausible && own.is_some_and(|own| own == *self)
    }
}

/// Whether pages from `origin` may ask, as far as the list goes.
pub(crate) fn is_listed(origin: &HeaderValue, allowed: &[AllowedOrigin]) -> bool {
    let origin = read(origin);
    allowed.iter().any(|allowed| match allowed {
        AllowedOrigin::Any => true,
        AllowedOrigin::One(allowed) => origin.as_ref() == Some(allowed),
    })
}

/// Whether pages from `origin` may ask: the server's own may, and those on the list.
pub(crate) fn may_ask(
    origin: &HeaderValue,
    host: Option<&HeaderValue>,
    encrypted: bool,
    allowed: &[AllowedOrigin],
) -> bool {
    read(origin).is_some_and(|origin| origin.is_own(host, encrypted)) || is_listed(origin, allowed)
}

/// Whether `host` is a name of the machine that a browser itself is on: an address, `localhost` (RFC 6761, section 6.3), or
/// one that is listed. Any other may be a foreign page's own, which its owner has come to mean this machine (DNS rebinding).
pub(crate) fn is_home(host: &HeaderValue, allowed: &[AllowedOrigin]) -> bool {
    let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    let Some(host) = authority.map(|authority| authority.host().to_ascii_lowercase()) else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let own = host == "localhost" || host.ends_with(".localhost") || address.parse::<IpAddr>().is_ok();
    own || allowed.iter().any(|allowed| match allowed {
        AllowedOrigin::Any => true,
        AllowedOrigin::One(allowed) => allowed.host == host,
    })
}

/// None where it is the origin of no place, which browsers call `null`.
fn read(origin: &HeaderValue) -> Option<Origin> {
    origin.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        assert_eq!(origin("https://Host.Example:443"), origin("https://host.example"));
        assert_eq!(origin("ws://10.0.0.7:80"), origin("http://10.0.0.7"));
        assert_ne!(origin("http://host.example"), origin("https://host.example"));
        assert_ne!(origin("http://host.example:8000"), origin("http://host.example"));
        assert_eq!(origin("http://[::1]:8000").to_string(), "http://[::1]:8000");
        assert_eq!(origin("capacitor://localhost").to_string(), "capacitor://localhost");
        for bad in
            ["", "null", "host.example", "http://", "://x", "http://a@b", "http://a/b", "http://a:", "http://a:x"]
        {
            assert!(bad.parse::<Origin>().is_err_and(|error| error.contains(bad)), "{bad}");
        }
    }

    #[test]
    fn this_machine_is_called_by_an_address_or_localhost_or_as_is_listed() {
        let list = ["https://desk.example".parse().expect("an origin")];
        let home = |host: &'static str| is_home(&HeaderValue::from_static(host), &list);
        for own in [
            "127.0.0.1:8000",
            "127.0.0.1",
            "[::1]:8000",
            "localhost:8000",
            "LocalHost",
            "a.localhost",
            "desk.example:1",
        ] {
            assert!(home(own), "{own}");
        }
        for other in
            ["evil.test", "evil.test:8000", "127.0.0.1.evil.test", "localhost.evil.test", "1.desk.example", "", "a b"]
        {
            assert!(!home(other), "{other}");
        }
    }

    #[test]
    fn a_page_of_the_server_itself_may_ask_and_others_only_if_they_are_listed() {
        let list = ["https://desk.example".parse().expect("an origin")];
        for (origin, host, encrypted, expected) in [
            ("http://10.0.0.7:8000", Some("10.0.0.7:8000"), false, true),
            ("http://Maitred.test", Some("maitred.test:80"), false, true),
            ("https://maitred.test", Some("maitred.test"), true, true),
            ("https://maitred.test", Some("maitred.test"), false, true),
            ("http://maitred.test", Some("maitred.test"), true, false),
            ("http://10.0.0.7:8001", Some("10.0.0.7:8000"), false, false),
            ("http://10.0.0.7.evil.test", Some("10.0.0.7"), false, false),
            ("http://evil.test", Some("maitred.test"), false, false),
            ("null", Some("maitred.test"), false, false),
            ("http://maitred.test", None, false, false),
            ("ftp://maitred.test", Some("maitred.test"), false, false),
            ("https://desk.example", Some("maitred.test"), true, true),
            ("http://desk.example", Some("maitred.test"), true, false),
        ] {
            let host = host.map(HeaderValue::from_static);
            let may = may_ask(&HeaderValue::from_static(origin), host.as_ref(), encrypted, &list);
            assert_eq!(may, expected, "{origin} of {host:?}");
        }
        let anybody = [AllowedOrigin::Any];
        assert!(is_home(&HeaderValue::from_static("evil.test"), &anybody));
        assert!(may_ask(&HeaderValue::from_static("null"), None, true, &anybody));
    }
}
