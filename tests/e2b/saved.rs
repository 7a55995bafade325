//! What outlives the server: paused sandboxes, and what damages them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::server::{Made, events};
use crate::support::{Request, TestServer, send};

async fn server(state: &Path) -> TestServer {
    TestServer::start_with(|server| server.state(state), &[]).await
}

async fn post(server: &TestServer, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::post(path).key().json(&body.to_string());
    let answer = send(server, &request).await;
    let body = if answer.body.is_empty() {
        Value::Null
    } else {
        answer.json()
    };
    (answer.status, body)
}

/// The text that code answers with, or the name of its error.
async fn run(server: &TestServer, made: &Made, code: &str) -> String {
    let body = json!({"code": code}).to_string();
    let answer = send(server, &Request::post("/execute").of(made).json(&body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let told = events(&answer).into_iter().find_map(|event| {
        let text = event["text"].as_str().filter(|_| event["type"] == "result");
        let name = event["name"].as_str().filter(|_| event["type"] == "error");
        text.or(name).map(str::to_owned)
    });
    told.unwrap_or_default()
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

async fn states(server: &TestServer) -> Vec<(String, String)> {
    let answer = send(server, &Request::get("/v2/sandboxes").key()).await;
    let listed = answer.json();
    let text = |one: &Value, name: &str| one[name].as_str().expect(name).to_owned();
    let listed = listed.as_array().expect("a list").iter();
    listed
        .map(|one| (text(one, "sandboxID"), text(one, "state")))
        .collect()
}

#[tokio::test]
async fn a_paused_sandbox_outlives_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path()).await;
    let order = json!({"metadata": {"a": "b"}, "envVars": {"V": "1"}, "timeout": 77});
    let request = Request::post("/sandboxes").key().json(&order.to_string());
    let made = Made::of(&send(&first, &request).await);
    let other = first.sandbox().await;
    run(&first, &made, "x = 40\nopen('f', 'w').write('kept')").await;
    let at = |end: &str| format!("/sandboxes/{}{end}", made.id);
    assert_eq!(post(&first, &at("/pause"), &json!({})).await.0, 204);
    for file in files(folder.path()) {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", file.display());
    }
    first.end().await;

    let second = server(folder.path()).await;
    // What ran has ended, as it would have without a pause.
    let expected = [(made.id.clone(), "paused".to_owned())];
    assert_eq!(states(&second).await, expected);
    // The first version of the list knows of no paused ones.
    let running = send(&second, &Request::get("/sandboxes").key()).await;
    assert_eq!(running.json(), json!([]));
    assert_ne!(other.id, made.id);
    let detail = send(&second, &Request::get(&at("")).key()).await.json();
    assert_eq!(detail["metadata"], json!({"a": "b"}));
    assert_eq!(detail["pauseMode"], "full");
    let (status, back) = post(&second, &at("/connect"), &json!({"timeout": 60})).await;
    assert_eq!(status, 201);
    // Handles of before are good: id and tokens are the same.
    assert_eq!(back["envdAccessToken"], made.token);
    assert_eq!(back["trafficAccessToken"], made.traffic);
    let seen = run(
        &second,
        &made,
        "import os; x + 2, open('f').read(), os.environ['V']",
    )
    .await;
    assert_eq!(seen, "(42, 'kept', '1')");
    assert!(files(folder.path()).is_empty());
    // Paused once more, it goes with its owner's word.
    assert_eq!(post(&second, &at("/pause"), &json!({})).await.0, 204);
    assert!(!files(folder.path()).is_empty());
    let kill = Request::new("DELETE", &at("")).key();
    assert_eq!(send(&second, &kill).await.status, 204);
    assert_eq!(send(&second, &kill).await.status, 404);
    assert!(files(folder.path()).is_empty());
    second.end().await;
    assert!(states(&server(folder.path()).await).await.is_empty());
}

#[tokio::test]
async fn damaged_files_hurt_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path()).await;
    let mut all = Vec::new();
    for n in 0..4 {
        let made = first.sandbox().await;
        run(&first, &made, &format!("x = {n}")).await;
        let path = format!("/sandboxes/{}/pause", made.id);
        assert_eq!(post(&first, &path, &json!({})).await.0, 204);
        all.push(made);
    }
    first.end().await;
    let paused = folder.path().join("paused");
    let file = |n: usize, end: &str| paused.join(format!("{}.{end}", all[n].id));
    // A torn record, a record of something else, a state that was changed.
    let record = fs::read(file(0, "json")).unwrap();
    fs::write(file(0, "json"), &record[..record.len() / 2]).unwrap();
    fs::write(file(1, "json"), fs::read(file(3, "json")).unwrap()).unwrap();
    let mut state = fs::read(file(2, "snapshot")).unwrap();
    let middle = state.len() / 2;
    state[middle] ^= 1;
    fs::write(file(2, "snapshot"), state).unwrap();
    fs::write(paused.join("note.txt"), "hello").unwrap();

    let second = server(folder.path()).await;
    let found = states(&second).await;
    let ids: Vec<_> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, [&all[3].id, &all[2].id]);
    let connect = |n: usize| format!("/sandboxes/{}/connect", all[n].id);
    let (status, told) = post(&second, &connect(2), &json!({})).await;
    assert_eq!(status, 500, "{told}");
    assert_eq!(post(&second, &connect(3), &json!({})).await.0, 201);
    assert_eq!(run(&second, &all[3], "x").await, "3");
    // What could not be read is left for its owner.
    for left in [file(0, "json"), file(1, "json"), file(2, "snapshot")] {
        assert!(left.exists(), "{}", left.display());
    }
}

#[tokio::test]
async fn snapshots_outlive_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path()).await;
    let source = first.sandbox().await;
    let save = format!("/sandboxes/{}/snapshots", source.id);
    let mut ids = Vec::new();
    for (n, body) in [json!({}), json!({"name": "kept"}), json!({"name": "kept"})]
        .iter()
        .enumerate()
    {
        run(&first, &source, &format!("x = {n}")).await;
        let (status, told) = post(&first, &save, body).await;
        assert_eq!(status, 201, "{told}");
        ids.push(told["snapshotID"].as_str().unwrap().to_owned());
    }
    // The second of a name took the place of the first.
    assert_eq!(files(folder.path()).len(), 4);
    first.end().await;

    let snapshots = folder.path().join("snapshots");
    fs::write(snapshots.join(format!("{}.json", "0".repeat(32))), "{}").unwrap();
    let second = server(folder.path()).await;
    let list = Request::get("/snapshots").key();
    let listed = send(&second, &list).await.json();
    let names = json!([
        {"snapshotID": "kept:default", "names": ["kept:default"]},
        {"snapshotID": ids[0], "names": []},
    ]);
    assert_eq!(listed, names);
    for (template, x) in [("kept", "2"), (&*ids[0], "0")] {
        let body = json!({"templateID": template}).to_string();
        let made = send(&second, &Request::post("/v2/sandboxes").key().json(&body)).await;
        assert_eq!(run(&second, &Made::of(&made), "x").await, x);
    }
    let remove = |id: &str| Request::new("DELETE", &format!("/templates/{id}")).key();
    for (id, expected) in [
        ("kept%3Adefault", 204),
        ("kept", 404),
        (&*ids[0], 204),
        (&*ids[0], 404),
        ("base", 403),
        ("..%2Fpaused", 400),
    ] {
        assert_eq!(send(&second, &remove(id)).await.status, expected, "{id}");
    }
    assert_eq!(files(folder.path()).len(), 1);
}

#[tokio::test]
async fn copies_fail_one_by_one() {
    let server = TestServer::start_with(|server| server.sandboxes(3), &[]).await;
    let source = server.sandbox().await;
    let path = format!("/sandboxes/{}/fork", source.id);
    let (status, told) = post(&server, &path, &json!({"count": 4, "timeout": 60})).await;
    assert_eq!(status, 201, "{told}");
    let told = told.as_array().unwrap();
    let made = told
        .iter()
        .filter(|one| one["sandbox"]["sandboxID"].is_string());
    let refused = told.iter().filter(|one| one["error"]["code"] == 429);
    assert_eq!((made.count(), refused.count()), (2, 2));
}

#[tokio::test]
async fn paused_sandboxes_take_no_place() {
    let server = TestServer::start_with(|server| server.sandboxes(1), &[]).await;
    let first = server.sandbox().await;
    let at = |made: &Made, end: &str| format!("/sandboxes/{}{end}", made.id);
    assert_eq!(
        post(&server, &at(&first, "/pause"), &json!({})).await.0,
        204
    );
    let second = server.sandbox().await;
    let connect = at(&first, "/connect");
    assert_eq!(post(&server, &connect, &json!({})).await.0, 429);
    assert_eq!(
        post(&server, &at(&second, "/pause"), &json!({})).await.0,
        204
    );
    assert_eq!(post(&server, &connect, &json!({})).await.0, 201);
}

#[tokio::test]
async fn many_want_it_to_go_on_and_one_does_it() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    run(&server, &made, "x = 1").await;
    let at = |end: &str| format!("/sandboxes/{}{end}", made.id);
    for _ in 0..3 {
        let pauses = (0..4).map(|_| async { post(&server, &at("/pause"), &json!({})).await.0 });
        let mut told = futures::future::join_all(pauses).await;
        told.sort_unstable();
        assert_eq!(told, [204, 409, 409, 409]);
        let connects = (0..4).map(|_| async { post(&server, &at("/connect"), &json!({})).await.0 });
        let told = futures::future::join_all(connects).await;
        assert!(
            told.iter().all(|status| matches!(status, 200 | 201)),
            "{told:?}"
        );
        assert_eq!(run(&server, &made, "x").await, "1");
    }
}

#[tokio::test]
async fn strangers_wake_nobody() {
    let server = TestServer::start().await;
    let body = json!({"autoPause": true, "autoResume": {"enabled": true}}).to_string();
    let made = Made::of(&send(&server, &Request::post("/sandboxes").key().json(&body)).await);
    let write = Request::post("/files?path=f").of(&made);
    let write = write
        .header("Content-Type", "application/octet-stream")
        .body("x");
    assert_eq!(send(&server, &write).await.status, 200);
    let pause = format!("/sandboxes/{}/pause", made.id);
    assert_eq!(post(&server, &pause, &json!({})).await.0, 204);
    let named = |request: Request| request.header("E2b-Sandbox-Id", &made.id);
    let execute = || Request::post("/execute").json("{\"code\": \"1\"}");
    for request in [
        named(execute()),
        named(execute()).header("X-Access-Token", "ea_wrong"),
        named(execute()).header("E2B-Traffic-Access-Token", &made.token),
        named(Request::get("/files?path=f")),
        named(Request::get("/files?path=f&signature=v1_wrong")),
        named(Request::get("/envs")),
        named(Request::get("/health")),
        Request::get("/health").of(&made),
    ] {
        let answer = send(&server, &request).await;
        assert_eq!(answer.status, 502, "{request:?}");
        assert!(answer.text().contains("was not found"), "{answer:?}");
    }
    assert_eq!(states(&server).await[0].1, "paused");
    // Its owner does, by the token alone.
    let read = Request::get("/files?path=f").header("X-Access-Token", &made.token);
    assert_eq!(send(&server, &read).await.text(), "x");
    assert_eq!(states(&server).await[0].1, "running");
}

#[tokio::test]
async fn bad_wishes_are_refused() {
    let server = TestServer::start().await;
    let made = server.sandbox().await;
    let at = |end: &str| format!("/sandboxes/{}{end}", made.id);
    for (path, body, expected) in [
        ("/sandboxes".to_owned(), json!({"autoPause": "yes"}), 400),
        (
            "/sandboxes".to_owned(),
            json!({"autoPause": true, "autoPauseMemory": false, "autoResume": {"enabled": true}}),
            400,
        ),
        (at("/pause"), json!({"memory": 1}), 400),
        (at("/pause"), json!([1]), 400),
        (at("/connect"), json!({"timeout": -1}), 400),
        (at("/resume"), json!({"timeout": 1e300}), 400),
        (at("/snapshots"), json!({"name": "a/../b"}), 400),
        (at("/snapshots"), json!({"name": "base"}), 400),
        (at("/snapshots"), json!({"name": 7}), 400),
        (at("/fork"), json!({"count": 0}), 400),
        (at("/fork"), json!({"count": 101}), 400),
        (at("/fork"), json!({"count": -1}), 400),
        (at("/fork"), json!({"timeout": 1_000_000}), 400),
        (
            "/sandboxes".to_owned(),
            json!({"templateID": "a/../b"}),
            404,
        ),
        ("/sandboxes/nobody/snapshots".to_owned(), json!({}), 404),
        ("/sandboxes/nobody/fork".to_owned(), json!({}), 404),
        ("/sandboxes/nobody/pause".to_owned(), json!({}), 404),
        ("/sandboxes/nobody/resume".to_owned(), json!({}), 404),
        ("/sandboxes/nobody/connect".to_owned(), json!({}), 404),
    ] {
        let (status, told) = post(&server, &path, &body).await;
        assert_eq!(status, expected, "{path} {body}: {told}");
    }
    assert_eq!(run(&server, &made, "1").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_while_it_is_used_is_told_as_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path()).await;
    let source = server.sandbox().await;
    run(&server, &source, "x = bytearray(1 << 20)").await;
    for _ in 0..20 {
        let path = format!("/sandboxes/{}/snapshots", source.id);
        let (status, taken) = post(&server, &path, &json!({})).await;
        assert_eq!(status, 201, "{taken}");
        let id = taken["snapshotID"].as_str().expect("an id").to_owned();
        let template = json!({"templateID": id});
        let create = || post(&server, "/sandboxes", &template);
        let delete =
            Request::new("DELETE", &format!("/templates/{}", id.replace(':', "%3A"))).key();
        let (first, second, deleted) = tokio::join!(create(), create(), send(&server, &delete));
        assert_eq!(deleted.status, 204, "{deleted:?}");
        for (status, told) in [first, second] {
            assert!(matches!(status, 201 | 404), "{status} {told}");
            if let Some(id) = told["sandboxID"].as_str() {
                let path = format!("/sandboxes/{id}");
                send(&server, &Request::new("DELETE", &path).key()).await;
            }
        }
    }
    for _ in 0..20 {
        let made = server.sandbox().await;
        let path = format!("/sandboxes/{}", made.id);
        let (status, told) = post(&server, &format!("{path}/pause"), &json!({})).await;
        assert_eq!(status, 204, "{told}");
        let (connect, nothing) = (format!("{path}/connect"), json!({}));
        let kill = Request::new("DELETE", &path).key();
        let (connected, killed) =
            tokio::join!(post(&server, &connect, &nothing), send(&server, &kill));
        assert!(matches!(connected.0, 200 | 201 | 404), "{connected:?}");
        assert!(matches!(killed.status, 204 | 404), "{killed:?}");
    }
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_states_have_a_quota() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().to_owned();
    let server =
        TestServer::start_with(|server| server.state(state).saved_bytes(3 << 20), &[]).await;
    let made = server.sandbox().await;
    run(&server, &made, "x = bytearray(b'x') * (2 << 20)").await;
    let path = format!("/sandboxes/{}", made.id);
    let snapshots = format!("{path}/snapshots");
    let (status, first) = post(&server, &snapshots, &json!({})).await;
    assert_eq!(status, 201, "{first}");
    let before = files(folder.path());
    let (status, told) = post(&server, &snapshots, &json!({})).await;
    assert_eq!(status, 507, "{told}");
    assert!(
        told["message"]
            .as_str()
            .expect("a message")
            .contains("--max-saved")
    );
    let (status, told) = post(&server, &format!("{path}/pause"), &json!({})).await;
    assert_eq!(status, 507, "{told}");
    assert_eq!(files(folder.path()), before);
    // The sandbox lives on, and there is room again when the snapshot is gone.
    assert_eq!(run(&server, &made, "len(x)").await, (2 << 20).to_string());
    let id = first["snapshotID"]
        .as_str()
        .expect("an id")
        .replace(':', "%3A");
    send(
        &server,
        &Request::new("DELETE", &format!("/templates/{id}")).key(),
    )
    .await;
    let (status, told) = post(&server, &format!("{path}/pause"), &json!({})).await;
    assert_eq!(status, 204, "{told}");
    server.end().await;
}
