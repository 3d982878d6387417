//! What every answer carries, whatever it is: how a browser is to treat it, and whose pages may read it.

use std::sync::Arc;

use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
        IF_MATCH, REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};

use tower_http::cors::{AllowOrigin, CorsLayer};

use super::input::{IDEMPOTENCY_KEY, X_DEVICE_ID};
use crate::{
    config::PREFLIGHT_AGE,
    origin::{AllowedOrigin, is_listed},
};

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Adds what is missing; `secure` where the connection is encrypted.
pub(super) fn dress(headers: &mut HeaderMap, secure: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // A page says itself what it is made of; data is made of nothing.
    let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(nothing);
    // A floor is old the moment after it was read, and guests' names belong in no cache.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if !headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    }
    if secure {
        // Two years, as hstspreload.org asks for.
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000"));
    }
}

/// Lets pages of these origins read the answers, and ask with all that the routes understand. Never with cookies: the
/// server has none.
pub(super) fn cross_origin(allowed: Arc<[AllowedOrigin]>) -> CorsLayer {
    let origins = if allowed.contains(&AllowedOrigin::Any) {
        AllowOrigin::any()
    } else {
        AllowOrigin::predicate(move |origin, _| is_listed(origin, &allowed))
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IDEMPOTENCY_KEY, X_DEVICE_ID])
        .expose_headers([ETAG, RETRY_AFTER])
        .max_age(PREFLIGHT_AGE)
}
