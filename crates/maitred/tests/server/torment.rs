//! Whoever reads a text from outside is tormented through the front door: messages on sockets, bodies of requests, tokens.
//! Good texts, one a file in `torment/seeds/`, are said as they are, then bent. What comes back is judged by what the server
//! says of itself and by rules written down again here, never by its readers. `PROPTEST_CASES` sets how many bent ones are
//! said. A text that once broke something stays as a seed.

mod bending;
mod bodies;
mod messages;
mod tokens;

use std::fmt::Debug;

use jsonschema::Validator;
use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};
use serde_json::Value;

/// Plays as many random cases, unless `PROPTEST_CASES` says otherwise. A case that panics is made smaller and told.
fn torment<T: Debug>(cases: u32, strategy: &impl Strategy<Value = T>, play: impl Fn(T)) {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = Config { cases: asked.unwrap_or(cases), failure_persistence: None, ..Config::default() };
    let played = TestRunner::new(config).run(strategy, |value| {
        play(value);
        Ok(())
    });
    played.unwrap_or_else(|broken| panic!("{broken}"));
}

/// Drives a server and those who torment it.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// What validates a value that the server gives, by the document that describes it.
fn validator(document: &Value, schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(&whole(document, schema)).expect("a schema")
}

/// What validates a value that it takes. It takes times in more forms than the format has.
fn lenient_validator(document: &Value, schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(false).build(&whole(document, schema)).expect("a schema")
}

/// A schema with all that it refers to.
fn whole(document: &Value, schema: &Value) -> Value {
    assert!(schema.is_object(), "there is no such schema");
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    schema
}
