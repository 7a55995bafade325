use std::collections::BTreeMap;
use std::sync::Arc;

use super::Dice;
use crate::files::directory::{Directory, FIRST_COOKIE};

#[test]
fn behaves_as_a_sorted_map() {
    let mut dice = Dice(3);
    let mut copies = vec![(Directory::default(), BTreeMap::new())];
    for step in 0..30_000 {
        let at = dice.size(copies.len());
        if dice.below(2000) == 0 && copies.len() < 6 {
            let copy = copies[at].clone();
            copies.push(copy);
        }
        let (directory, map) = &mut copies[at];
        let name = format!("name-{}", dice.below(700));
        if dice.below(5) < 2 {
            let removed = directory.remove(&name).map(|listed| listed.inode);
            assert_eq!(removed, map.remove(&name));
        } else {
            directory.insert(Arc::from(&*name), step);
            map.insert(name, step);
        }
    }
    for (directory, map) in &copies {
        let listed: Vec<_> = directory
            .iter()
            .map(|listed| (listed.name.to_string(), listed.inode))
            .collect();
        let expected: Vec<_> = map.clone().into_iter().collect();
        assert_eq!(listed, expected);
        for (name, inode) in map {
            assert_eq!(directory.get(name).map(|listed| listed.inode), Some(*inode));
        }
        assert!(directory.get("name").is_none());
        assert_eq!(directory.is_empty(), map.is_empty());
    }
}

#[test]
fn cookies_give_every_lasting_entry_once_whatever_changes() {
    let mut directory = Directory::default();
    for at in 0..500 {
        directory.insert(Arc::from(format!("{at:03}")), at);
    }
    let mut dice = Dice(11);
    let mut seen = Vec::new();
    let mut from = FIRST_COOKIE;
    let end = directory.next_cookie();
    while let Some(listed) = directory.first_from(from).filter(|l| l.cookie < end) {
        let (name, cookie) = (Arc::clone(&listed.name), listed.cookie);
        from = cookie + 1;
        seen.push(name.to_string());
        // Entries with an odd number stay; everything else comes and goes.
        let other = dice.below(250) * 2;
        directory.remove(&format!("{other:03}"));
        directory.insert(Arc::from(format!("new-{other}")), 1000 + other);
    }
    let lasting = seen
        .iter()
        .filter(|name| name.parse::<u64>().is_ok_and(|number| number % 2 == 1));
    assert_eq!(lasting.count(), 250);
    assert!(!seen.iter().any(|name| name.starts_with("new")));
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), seen.len());
}

#[test]
fn a_replaced_entry_keeps_its_cookie() {
    let mut directory = Directory::default();
    directory.insert(Arc::from("a"), 1);
    directory.insert(Arc::from("b"), 2);
    let cookie = directory.get("a").unwrap().cookie;
    directory.insert(Arc::from("a"), 3);
    let listed = directory.get("a").unwrap();
    assert_eq!((listed.inode, listed.cookie), (3, cookie));
}
