//! Requests that a generator makes of `/openapi.json`: right ones, wrong ones,
//! absurd ones. None may break the server.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::support::server::Made;
use crate::support::{Answer, Request, TestServer, send};

/// Requests that are made.
const CASES: u32 = 400;

/// A call of the description.
#[derive(Debug, Clone)]
struct Call {
    method: String,
    path: String,
    query: Vec<String>,
    body: Option<Vec<String>>,
}

/// All calls of the description, with the names that it knows for each.
fn calls(description: &Value) -> Vec<Call> {
    let names = |schema: &Value| -> Vec<String> {
        let name = schema["$ref"].as_str().unwrap_or_default();
        let name = name.rsplit('/').next().unwrap_or_default();
        let properties = &description["components"]["schemas"][name]["properties"];
        let properties = properties.as_object().into_iter().flatten();
        properties.map(|(name, _)| name.clone()).collect()
    };
    let mut found = Vec::new();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let parameters = operation["parameters"].as_array().expect("parameters");
            let query = parameters.iter().filter(|one| one["in"] == "query");
            let body = operation.get("requestBody");
            found.push(Call {
                method: method.to_uppercase(),
                path: path.clone(),
                query: query
                    .filter_map(|one| one["name"].as_str().map(str::to_owned))
                    .collect(),
                body: body.map(|body| names(&body["content"]["application/json"]["schema"])),
            });
        }
    }
    found
}

/// Any JSON, not too large.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_i64..100).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        Just(json!("python")),
        Just(json!("x".repeat(5000))),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,10}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A text to stand in a path or a query, as it goes over the wire.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9]{1,32}",
        Just("..".to_owned()),
        Just("%2e%2e%2f".to_owned()),
        Just("%00".to_owned()),
        Just("%ff%fe".to_owned()),
        Just("a%0d%0ab".to_owned()),
        "-?[0-9]{1,25}",
        "[!-~&&[^#?/ ]]{0,40}",
    ]
}

/// A body: of the names that the description knows, any JSON, or no JSON.
fn body(names: Vec<String>) -> BoxedStrategy<Vec<u8>> {
    let known = if names.is_empty() {
        Just(json!({})).boxed()
    } else {
        prop::collection::btree_map(prop::sample::select(names), value(), 0..6)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
            .boxed()
    };
    prop_oneof![
        4 => known.prop_map(|value| value.to_string().into_bytes()),
        1 => value().prop_map(|value| value.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ]
    .boxed()
}

/// How a request names its sandbox, and with which credentials.
#[derive(Debug, Clone)]
struct Case {
    call: Call,
    id: Option<String>,
    query: Vec<(String, String)>,
    body: Vec<u8>,
    with_key: bool,
    with_token: bool,
}

fn case(all: Vec<Call>) -> impl Strategy<Value = Case> {
    prop::sample::select(all).prop_flat_map(|call| {
        let names = call.query.clone();
        let query = if names.is_empty() {
            Just(Vec::new()).boxed()
        } else {
            prop::collection::vec((prop::sample::select(names), word()), 0..4).boxed()
        };
        let sent = match &call.body {
            Some(names) => body(names.clone()),
            None => Just(Vec::new()).boxed(),
        };
        // Mostly the sandbox that lives.
        let id = prop_oneof![3 => Just(None), 1 => word().prop_map(Some)];
        (
            Just(call),
            id,
            query,
            sent,
            prop::bool::weighted(0.9),
            prop::bool::weighted(0.9),
        )
            .prop_map(|(call, id, query, body, with_key, with_token)| Case {
                call,
                id,
                query,
                body,
                with_key,
                with_token,
            })
    })
}

async fn ask(server: &TestServer, made: &Made, case: &Case) -> Answer {
    let id = case.id.as_deref().unwrap_or(&made.id);
    let mut path = case.call.path.replace("{id}", id);
    for (at, (name, value)) in case.query.iter().enumerate() {
        path.push_str(if at == 0 { "?" } else { "&" });
        path.push_str(&format!("{name}={value}"));
    }
    let mut request = Request::new(&case.call.method, &path);
    if case.with_key {
        request = request.key();
    }
    if case.with_token {
        request = request.of(made);
    }
    let body = String::from_utf8_lossy(&case.body).into_owned();
    send(server, &request.json(&body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_breaks_the_server() {
    let server = TestServer::start().await;
    let answer = send(&server, &Request::get("/openapi.json")).await;
    assert_eq!(answer.status, 200);
    let all = calls(&answer.json());
    assert!(all.len() > 30, "{all:?}");
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let ran = tokio::task::block_in_place(|| {
        let handle = Handle::current();
        let live = std::cell::RefCell::new(handle.block_on(server.sandbox()));
        runner
            .run(&case(all), |case| {
                let made = live.borrow().clone();
                let answer = handle.block_on(ask(&server, &made, &case));
                let known = [501, 502, 507];
                prop_assert!(
                    answer.status < 500 || known.contains(&answer.status),
                    "{answer:?}"
                );
                prop_assert!(answer.whole, "{answer:?}");
                // It may have ended itself, or been paused.
                let path = format!("/sandboxes/{}", made.id);
                let there = handle.block_on(send(&server, &Request::get(&path).key()));
                if there.status != 200 || there.json()["state"] != "running" {
                    *live.borrow_mut() = handle.block_on(server.sandbox());
                }
                Ok(())
            })
            .map_err(|error| error.to_string())
    });
    assert_eq!(ran, Ok(()));
    let counted = send(&server, &Request::get("/metrics").key()).await.text();
    assert!(
        counted.contains("sandcell_requests_failed_total 0\n"),
        "{counted}"
    );
    server.end().await;
}
