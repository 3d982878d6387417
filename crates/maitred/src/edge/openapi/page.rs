//! `/docs`: both descriptions, for people. Drawn from the documents alone, so that it can't say anything else. No scripts.

use std::fmt::Write;

use serde_json::Value;

/// The page.
pub(super) fn html(openapi: &Value, asyncapi: &Value) -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>maitred</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"stylesheet\" href=\"/docs/style.css\">\n",
    );
    let (info, paths) = (&openapi["info"], entries(&openapi["paths"]));
    add(&mut page, &format!("<header><h1>maitred {}</h1>", text(&info["version"])));
    add(&mut page, &format!("<p>{}</p><p>{}</p>", text(&info["summary"]), text(&info["description"])));
    add(&mut page, "<nav><a href=\"#routes\">Routes</a> <a href=\"#socket\">Socket</a> <a href=\"#types\">Types</a>");
    add(
        &mut page,
        "<a href=\"/openapi.json\">OpenAPI</a> <a href=\"/asyncapi.json\">AsyncAPI</a></nav></header><main>",
    );
    add(&mut page, "<h2 id=\"routes\">Routes</h2>");
    for (path, operations) in paths {
        for (method, operation) in entries(operations) {
            add(&mut page, &route(openapi, method, path, operation));
        }
    }
    add(&mut page, "<h2 id=\"problems\">Problems</h2><dl>");
    for (name, response) in entries(&openapi["components"]["responses"]) {
        let about = &response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"];
        let status = text(&about["status"]["const"]);
        let codes = words(&about["code"]["enum"]);
        add(&mut page, &format!("<dt id=\"problem-{name}\">{status} {name}</dt>"));
        add(&mut page, &format!("<dd>{} <span class=\"codes\">{codes}</span></dd>", text(&response["description"])));
    }
    add(&mut page, "</dl><h2 id=\"socket\">Socket</h2>");
    add(&mut page, &format!("<p>{}</p>", text(&asyncapi["info"]["description"])));
    for (name, operation) in entries(&asyncapi["operations"]) {
        add(&mut page, &format!("<h3 id=\"socket-{name}\">{}</h3>", text(&operation["summary"])));
        for message in items(&operation["messages"]) {
            let message = resolve(asyncapi, resolve(asyncapi, message));
            let payload = resolve(asyncapi, &message["payload"]);
            add(&mut page, &format!("<details><summary><code>{}</code> ", text(&message["name"])));
            add(&mut page, &format!("{}</summary>{}</details>", text(&message["summary"]), fields(payload)));
        }
    }
    add(&mut page, "<h2 id=\"types\">Types</h2>");
    let spoken = &asyncapi["components"]["messages"];
    let only_spoken = entries(&asyncapi["components"]["schemas"])
        .filter(|(name, _)| spoken.get(name).is_none() && openapi["components"]["schemas"].get(name).is_none());
    for (name, schema) in entries(&openapi["components"]["schemas"]).chain(only_spoken) {
        add(&mut page, &format!("<section id=\"type-{name}\"><h3>{name}</h3><p>{}</p>", text(&schema["description"])));
        add(&mut page, &if schema["properties"].is_object() { fields(schema) } else { kind(schema) });
        add(&mut page, "</section>");
    }
    add(&mut page, "</main></html>");
    page
}

fn route(openapi: &Value, method: &str, path: &str, operation: &Value) -> String {
    let id = text(&operation["operationId"]);
    let mut out =
        format!("<details id=\"{id}\"><summary><b class=\"{method}\">{method}</b> <code>{}</code> ", escape(path));
    add(&mut out, &format!("{}</summary>", text(&operation["summary"])));
    let parameters = items(&operation["parameters"]);
    if !parameters.is_empty() {
        add(&mut out, "<h4>Parameters</h4><table>");
        for parameter in parameters {
            let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
            let (what, about) = (kind(&parameter["schema"]), text(&parameter["description"]));
            add(&mut out, &format!("<tr><th><code>{name}</code> <small>{place}</small><td>{what}<td>{about}"));
        }
        add(&mut out, "</table>");
    }
    for (media_type, content) in entries(&operation["requestBody"]["content"]) {
        add(&mut out, &format!("<h4>Body</h4><p>{} as {}</p>", kind(&content["schema"]), escape(media_type)));
    }
    add(&mut out, "<h4>Answers</h4><ul>");
    for (status, response) in entries(&operation["responses"]) {
        if let Some(name) = response["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
            let about = text(&resolve(openapi, response)["description"]);
            add(&mut out, &format!("<li>{status} <a href=\"#problem-{name}\">{name}</a>: {about}"));
        } else {
            let bodies: Vec<String> =
                entries(&response["content"]).map(|(_, content)| kind(&content["schema"])).collect();
            add(&mut out, &format!("<li>{status} {} {}", bodies.join(", "), text(&response["description"])));
        }
    }
    add(&mut out, "</ul></details>");
    out
}

/// The fields of an object.
fn fields(schema: &Value) -> String {
    let required = items(&schema["required"]);
    let mut out = String::from("<table>");
    for (name, field) in entries(&schema["properties"]) {
        let need = if required.iter().any(|required| *required == name) { " class=\"required\"" } else { "" };
        let about = text(&field["description"]);
        add(&mut out, &format!("<tr><th{need}><code>{name}</code><td>{}<td>{about}", kind(field)));
    }
    out + "</table>"
}

/// What a value may be, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
        return format!("<a href=\"#type-{name}\">{name}</a>");
    }
    if let Some(each) = schema.get("anyOf").or_else(|| schema.get("oneOf")) {
        return items(each).iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    if !schema["const"].is_null() {
        return format!("<code>{}</code>", escape(&schema["const"].to_string()));
    }
    if schema["enum"].is_array() {
        return words(&schema["enum"]);
    }
    let mut out = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        one => text(one),
    };
    if schema["items"].is_object() {
        add(&mut out, &format!(" of {}", kind(&schema["items"])));
    }
    for (limit, words) in
        [("format", "as"), ("minimum", "from"), ("maximum", "to"), ("maxLength", "up to"), ("maxItems", "at most")]
    {
        if !schema[limit].is_null() {
            add(&mut out, &format!(" {words} {}", text(&schema[limit])));
        }
    }
    out
}

/// What a reference refers to; everything else is itself.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|target| document.pointer(target.strip_prefix('#')?));
    target.unwrap_or(value)
}

fn entries(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn items(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

fn words(list: &Value) -> String {
    items(list).iter().map(|word| format!("<code>{}</code>", text(word))).collect::<Vec<_>>().join(" ")
}

/// A value as it is read by people; what stands between backticks is code. What is not there is nothing.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => {
            let pieces = escape(text);
            let mut out = String::new();
            for (index, piece) in pieces.split('`').enumerate() {
                out += &if index % 2 == 1 { format!("<code>{piece}</code>") } else { piece.to_owned() };
            }
            out
        }
        other => escape(&other.to_string()),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn add(page: &mut String, html: &str) {
    writeln!(page, "{html}").expect("a string takes all that is written to it");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_in_a_document_becomes_markup() {
        let openapi = json!({ "info": { "version": "1", "summary": "<script>", "description": "a & \"b\"" } });
        let page = html(&openapi, &json!({}));
        assert!(page.contains("&lt;script&gt;") && page.contains("a &amp; &quot;b&quot;"), "{page}");
        assert!(!page.contains("<script"), "{page}");
    }

    #[test]
    fn what_stands_between_backticks_is_code() {
        assert_eq!(text(&json!("either `a` or `<b>`.")), "either <code>a</code> or <code>&lt;b&gt;</code>.");
    }

    #[test]
    fn a_value_is_described_in_a_few_words() {
        for (schema, words) in [
            (json!({ "type": ["integer", "null"], "minimum": 1, "maximum": 99 }), "integer or null from 1 to 99"),
            (json!({ "type": "array", "items": { "type": "string" }, "maxItems": 20 }), "array of string at most 20"),
            (json!({ "$ref": "#/components/schemas/Id" }), "<a href=\"#type-Id\">Id</a>"),
            (json!({ "anyOf": [{ "const": "x" }, { "type": "null" }] }), "<code>&quot;x&quot;</code> or null"),
        ] {
            assert_eq!(kind(&schema).replace('\n', ""), words);
        }
    }
}
