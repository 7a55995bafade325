//! The budget of memory mappings, in a process of its own: others could make
//! nothing meanwhile.

use sandcell::{Busy, Error, ErrorKind, Limit};

use crate::support::{check, finished, first, runtime, start};

const CHILD: &str = "SANDCELL_TEST_MAPPINGS";

#[tokio::test]
async fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let sandbox = start(runtime().await.sandbox()).await;
    finished(&first(&sandbox), "x = 1").await;
    let mut children = Vec::new();
    let error = loop {
        match sandbox.fork(500, Busy::default()).await {
            Ok(more) => children.extend(more),
            Err(error) => break error,
        }
        assert!(children.len() < 200_000, "nothing was refused");
    };
    let Error::LimitExceeded {
        limit,
        allowed,
        asked,
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((limit, error.kind()), (Limit::Mappings, ErrorKind::Limit));
    assert!(asked > 0 && allowed > 1000);
    // What is there goes on, and who ends makes room.
    for child in children.iter().step_by(100).chain([&sandbox]) {
        check(&first(child), "x + 1", "2").await;
    }
    children.truncate(children.len() / 2);
    tokio::task::yield_now().await;
    check(&first(&start(runtime().await.sandbox()).await), "1", "1").await;
    println!("refused with {allowed}");
}

#[test]
fn too_many_sandboxes_are_refused_before_the_system_does() {
    let max = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap();
    if max.trim().parse::<u64>().unwrap() > 100_000 {
        println!("not run: this system allows more mappings than a test should make");
        return;
    }
    let ended = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "mappings::child", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success() && said.contains("refused with"),
        "{ended:?}"
    );
}
