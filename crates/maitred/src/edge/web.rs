//! `/` and `/web/…`: the host stand, a web app of plain files that travels in the binary. How long each may be kept is said
//! here; what they are, and what they may load, in `site`. Never touches the disk for a request.
//!
//! Only a build for release has the files in it. Any other reads the repository's folder `web/` when it is first asked, so
//! that an edit shows after a restart of the server, without another build.

mod site;

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

use super::{input::Ids, problem::Problem};
use site::{File, Site, WORKER};

/// All files, read, filled in and compressed once.
static SITE: LazyLock<Site> = LazyLock::new(Site::read);

/// What names its content in its address never changes. A year is the most that caches promise.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// It may be kept, but each use asks whether it has changed.
const IF_UNCHANGED: &str = "no-cache";

const NOT_AT_ALL: &str = "no-store";

/// The document, which names the version of everything else.
pub(super) async fn document(uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let document = SITE.document.as_ref().ok_or_else(|| Problem::no_route(uri.path()))?;
    Ok(answer(document, IF_UNCHANGED, &headers))
}

/// A file of the app, at an address that names the version of the whole.
pub(super) async fn file(uri: Uri, Ids([version, path]): Ids<2>, headers: HeaderMap) -> Result<Response, Problem> {
    let file = SITE.files.get(&path).ok_or_else(|| Problem::no_route(uri.path()))?;
    let caching = match path.as_str() {
        // While servers are replaced one by one, the document may come from one of another version than this. What it names
        // must be there all the same; but nobody may keep this version's file under the other's name.
        _ if version != SITE.version => NOT_AT_ALL,
        // A worker that is kept would keep all else.
        WORKER => IF_UNCHANGED,
        _ => FOR_GOOD,
    };
    Ok(answer(file, caching, &headers))
}

fn answer(file: &File, caching: &'static str, asked: &HeaderMap) -> Response {
    let mut response = if is_known(asked, &file.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if let Some(gzipped) = file.gzipped.as_ref().filter(|_| takes_gzip(asked)) {
        ([(header::CONTENT_ENCODING, "gzip")], gzipped.clone()).into_response()
    } else {
        file.plain.clone().into_response()
    };
    let headers = response.headers_mut();
    headers.extend(file.headers.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// Whether whoever asks has what bears this tag (RFC 9110, section 13.1.2).
fn is_known(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let strip = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tag = tag.to_str().map(strip).unwrap_or_default();
    listed(asked, header::IF_NONE_MATCH).any(|known| known == "*" || strip(known) == tag)
}

/// Whether whoever asks takes gzip (RFC 9110, section 12.5.3). Whoever takes `*` is sent the file as it is, which is right,
/// too.
fn takes_gzip(asked: &HeaderMap) -> bool {
    listed(asked, header::ACCEPT_ENCODING).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        named && weight.is_none_or(|weight| weight.parse().is_ok_and(|weight: f32| weight > 0.0))
    })
}

/// The members of a list that may be spread over several headers of a name.
fn listed(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, values: &[&'static str]) -> HeaderMap {
        let values = values.iter().map(|value| (name.clone(), HeaderValue::from_static(value)));
        values.collect()
    }

    #[test]
    fn gzip_is_taken_by_whoever_names_it_with_any_weight_but_none() {
        for good in [&["gzip"][..], &["br, GZip;q=0.5"], &["deflate", "gzip ; q=1.000"], &["gzip;Q=0.001, *;q=0"]] {
            assert!(takes_gzip(&headers(header::ACCEPT_ENCODING, good)), "{good:?}");
        }
        for bad in [&[][..], &[""], &["identity"], &["gzip;q=0"], &["gzip; q=0.000, br"], &["gzipped"], &["gzip;q=x"]] {
            assert!(!takes_gzip(&headers(header::ACCEPT_ENCODING, bad)), "{bad:?}");
        }
    }

    #[test]
    fn a_tag_is_known_whether_or_not_it_is_weak() {
        let tag = HeaderValue::from_static("W/\"a\"");
        for known in [&["W/\"a\""][..], &["\"a\""], &["\"b\", W/\"a\""], &["\"b\"", "\"a\""], &["*"]] {
            assert!(is_known(&headers(header::IF_NONE_MATCH, known), &tag), "{known:?}");
        }
        for unknown in [&[][..], &["\"b\""], &["a"], &["W/\"ab\""]] {
            assert!(!is_known(&headers(header::IF_NONE_MATCH, unknown), &tag), "{unknown:?}");
        }
    }
}
