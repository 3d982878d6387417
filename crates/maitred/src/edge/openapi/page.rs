//! `/docs`.
use serde_json::Value;
pub(super) fn html(_openapi: &Value, _asyncapi: &Value) -> String {
    String::new()
}
