//! What handlers take: paths, bodies, headers and queries, read and checked for form. Whether what they ask for may be
//! is not judged here.

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Path, Request},
};
use floor::{Expectation, FieldError, Refusal, Rejection};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout};

use super::{Edge, problem::Problem};
use crate::{
    access::{Identity, Token},
    config::{
        DISCARD_TIMEOUT, Limits, MAX_DEVICE_ID_BYTES, MAX_DISCARDED_BYTES, MAX_IDEMPOTENCY_KEY_BYTES, MAX_JSON_DEPTH,
    },
    dispatch::Caller,
    peer::Peer,
    store::Idempotency,
};

pub(super) const X_DEVICE_ID: HeaderName = HeaderName::from_static("x-device-id");
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The ids in a path, as texts: what can't be an id can't exist either, and is not found.
pub(super) struct Ids<const N: usize>(pub(super) [String; N]);

impl<S: Send + Sync, const N: usize> FromRequestParts<S> for Ids<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Percent-encoded bytes that are no text name nothing.
        let path = Path::<Vec<String>>::from_request_parts(parts, state).await.ok();
        path.and_then(|Path(ids)| ids.try_into().ok()).map(Self).ok_or_else(|| Problem::no_route(parts.uri.path()))
    }
}

/// Who asks.
pub(super) struct By(pub(super) Identity);

impl FromRequestParts<Edge> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Problem> {
        Ok(Self(edge.house.access.identify(bearer(&parts.headers).as_ref()).await?))
    }
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750). Whoever comes with another scheme comes without a token.
pub(super) fn bearer(headers: &HeaderMap) -> Option<Token> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Token(token.trim().to_owned()))
}

/// A body that nobody wants, taken off the wire.
pub(super) struct Discarded;

impl<S: Send + Sync> FromRequest<S> for Discarded {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        discard(&parts.headers, body).await;
        Ok(Self)
    }
}

/// A request that changes something.
pub(super) struct Writing {
    /// The body's JSON object; empty for DELETE, whose body means nothing, and where it is none.
    pub(super) body: Map<String, Value>,
    pub(super) caller: Caller,
    pub(super) expects: Expectation,
}

impl FromRequest<Edge> for Writing {
    type Rejection = Problem;

    async fn from_request(request: Request, edge: &Edge) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let value = if parts.method == Method::DELETE {
            discard(&parts.headers, body).await;
            Value::Null
        } else {
            read_json(&parts, body, &edge.house.limits).await?
        };
        let By(identity) = By::from_request_parts(&mut parts, edge).await?;
        hold_pace(&identity, &parts, edge)?;
        let mut caller = Caller::new(identity);
        match device(&parts.headers) {
            Ok(device) => caller.device = device,
            Err(fault) => caller.faults.push(fault),
        }
        match idempotency(&parts, &value) {
            Ok(idempotency) => caller.idempotency = idempotency,
            Err(fault) => caller.faults.push(fault),
        }
        let expects = if_match(&parts.headers);
        let body = match value {
            Value::Object(body) => body,
            _ if parts.method == Method::DELETE => Map::new(),
            _ => {
                caller.faults.push(FieldError::new("body", "must be a JSON object"));
                Map::new()
            }
        };
        Ok(Self { body, caller, expects })
    }
}

/// The body of a request from someone who need not be known.
pub(super) async fn read_object(request: Request, edge: &Edge) -> Result<Map<String, Value>, Problem> {
    let (parts, body) = request.into_parts();
    match read_json(&parts, body, &edge.house.limits).await? {
        Value::Object(object) => Ok(object),
        _ => Err(Refusal::of(Rejection::Invalid(vec![FieldError::new("body", "must be a JSON object")])).into()),
    }
}

/// Lets a write through unless its device writes too often. Every writing route comes by here, and none of them twice.
fn hold_pace(identity: &Identity, parts: &Parts, edge: &Edge) -> Result<(), Problem> {
    let Some(pace) = &edge.pace else { return Ok(()) };
    let address = || Peer::of(&parts.extensions).network().to_string();
    let device = identity.subject().map_or_else(address, str::to_owned);
    pace.take(&device, Instant::now()).map_err(|wait| Problem::too_many_writes(&edge.house.limits, wait))
}

async fn read_json(parts: &Parts, mut body: Body, limits: &Limits) -> Result<Value, Problem> {
    let announced = parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > limits.body_bytes) {
        discard(&parts.headers, body).await;
        return Err(Problem::too_large(limits));
    }
    let collected = timeout(limits.body_timeout, Limited::new(&mut body, limits.body_bytes).collect()).await;
    let bytes = match collected {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            discard(&parts.headers, body).await;
            return Err(Problem::too_large(limits));
        }
        Ok(Err(_)) => return Err(Problem::broken_body()),
        Err(_) => return Err(Problem::request_timeout(limits)),
    };
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    if !content_type.is_some_and(is_json) {
        return Err(Problem::not_json(content_type));
    }
    if depth(&bytes) > MAX_JSON_DEPTH {
        return Err(Problem::too_deep());
    }
    serde_json::from_slice(&bytes).map_err(Problem::malformed_json)
}

async fn discard(headers: &HeaderMap, body: Body) {
    // A client that asks before it sends need not send at all.
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let mut body = Limited::new(body, MAX_DISCARDED_BYTES);
    _ = timeout(DISCARD_TIMEOUT, async { while let Some(Ok(_)) = body.frame().await {} }).await;
}

/// `application/json`, or any type that ends in `+json` (RFC 6839), whatever its parameters.
fn is_json(content_type: &HeaderValue) -> bool {
    let essence = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// How deep a text nests lists and objects, if it is JSON.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json {
        match (in_text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn device(headers: &HeaderMap) -> Result<Option<String>, FieldError> {
    let Some(value) = headers.get(X_DEVICE_ID) else { return Ok(None) };
    match value.to_str() {
        Ok("") => Ok(None),
        Ok(device) if device.len() <= MAX_DEVICE_ID_BYTES => Ok(Some(device.to_owned())),
        _ => {
            Err(FieldError::new("X-Device-Id", format!("must be at most {MAX_DEVICE_ID_BYTES} bytes of visible ASCII")))
        }
    }
}

/// The key of a request that may be sent again, with a digest of what makes it the same request: method, path, body.
fn idempotency(parts: &Parts, body: &Value) -> Result<Option<Idempotency>, FieldError> {
    let Some(key) = parts.headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=MAX_IDEMPOTENCY_KEY_BYTES).contains(&key.len()));
    let Some(key) = key else {
        let message = format!("must be 1 to {MAX_IDEMPOTENCY_KEY_BYTES} bytes of visible ASCII");
        return Err(FieldError::new("Idempotency-Key", message));
    };
    // Objects are kept by sorted keys, so that the order in which a client wrote them does not matter.
    let request = format!("{}\n{}\n{body}", parts.method, parts.uri.path());
    Ok(Some(Idempotency { key: key.to_owned(), fingerprint: Sha256::digest(request).into() }))
}

/// The versions that `If-Match` names (RFC 9110, section 13.1.1). A tag that is none of ours, or weak, matches nothing.
fn if_match(headers: &HeaderMap) -> Expectation {
    let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
    if values.peek().is_none() {
        return Expectation::Any;
    }
    let tags: Vec<&str> = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    if tags.iter().any(|tag| tag.trim() == "*") {
        return Expectation::Any;
    }
    Expectation::IfMatch(tags.iter().filter_map(|tag| tag.trim().trim_matches('"').parse().ok()).collect())
}

/// The parameters of a query, in order.
pub(super) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

impl Query {
    /// A parameter, the last of its name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).last()
    }

    /// All parameters of a name.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A whole number from `low` to `high`, or `default` where there is none, or where it is one of the `faults`.
    pub(super) fn number(&self, name: &str, default: u64, low: u64, high: u64, faults: &mut Vec<FieldError>) -> u64 {
        let Some(text) = self.get(name) else { return default };
        let number = text.parse().ok().filter(|number| (low..=high).contains(number));
        number.unwrap_or_else(|| {
            let range = if high == u64::MAX { format!("from {low}") } else { format!("from {low} to {high}") };
            faults.push(FieldError::new(name, format!("must be a whole number {range}, not {text:?}")));
            default
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_but_not_those_in_texts() {
        for (json, expected) in [("1", 0), ("[]", 1), (r#"{"a":[{}]}"#, 3), (r#"["[[\"[["]"#, 1), ("[],[]", 1)] {
            assert_eq!(depth(json.as_bytes()), expected, "{json}");
        }
    }

    #[test]
    fn if_match_names_versions() {
        let parse = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_MATCH, HeaderValue::from_static(value));
            }
            if_match(&headers)
        };
        assert_eq!(parse(&[]), Expectation::Any);
        assert_eq!(parse(&["*"]), Expectation::Any);
        assert_eq!(parse(&["\"3\""]), Expectation::IfMatch(vec![3]));
        assert_eq!(parse(&["\"3\", \"4\"", "\"5\""]), Expectation::IfMatch(vec![3, 4, 5]));
        assert_eq!(parse(&["W/\"3\""]), Expectation::IfMatch(vec![]));
    }

    #[test]
    fn json_is_known_by_its_media_type() {
        for good in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
            assert!(is_json(&HeaderValue::from_static(good)), "{good}");
        }
        for bad in ["text/plain", "application/x-www-form-urlencoded", "text/json", ""] {
            assert!(!is_json(&HeaderValue::from_static(bad)), "{bad}");
        }
    }
}
