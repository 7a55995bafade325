use std::collections::BTreeMap;

use super::Dice;
use crate::files::table::Table;

fn all(table: &Table<u64>) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    let mut from = Some(0);
    while let Some((key, value)) = from.and_then(|from| table.first_from(from)) {
        found.push((key, *value));
        from = key.checked_add(1);
    }
    found
}

#[test]
fn holds_the_least_and_the_greatest_keys() {
    let mut table = Table::default();
    let keys = [
        0,
        1,
        31,
        32,
        33,
        1023,
        1024,
        1 << 35,
        u64::MAX - 1,
        u64::MAX,
    ];
    for key in keys {
        assert_eq!(table.insert(key, !key), None);
    }
    for key in keys {
        assert_eq!(table.get(key), Some(&!key), "{key}");
    }
    for absent in [2, 30, 34, 1022, 1 << 34, u64::MAX - 2] {
        assert_eq!(table.get(absent), None, "{absent}");
    }
    let expected: Vec<_> = keys.iter().map(|key| (*key, !*key)).collect();
    assert_eq!(all(&table), expected);
    for key in keys {
        assert_eq!(table.remove(key), Some(!key));
        assert_eq!(table.remove(key), None);
    }
    assert!(table.first_from(0).is_none());
}

#[test]
fn what_is_removed_leaves_nothing_behind() {
    let mut table = Table::default();
    table.insert(0, 0);
    let small = format!("{table:?}").len();
    // As numbers of files come and go: each is new, few are there at once.
    for key in 1..50_000_u64 {
        table.insert(key, key);
        table.remove(key - 1);
    }
    assert!(format!("{table:?}").len() < 4 * small);
    table.remove(49_999);
    let empty = format!("{:?}", Table::<u64>::default());
    assert_eq!(format!("{table:?}"), empty);
}

#[test]
fn finds_the_next_key_from_anywhere() {
    let mut table = Table::default();
    for key in [5, 100, 5000] {
        table.insert(key, key);
    }
    let cases = [
        (0, Some(5)),
        (5, Some(5)),
        (6, Some(100)),
        (100, Some(100)),
        (101, Some(5000)),
        (5001, None),
        (u64::MAX, None),
    ];
    for (from, expected) in cases {
        assert_eq!(
            table.first_from(from).map(|(key, _)| key),
            expected,
            "{from}"
        );
    }
}

#[test]
fn behaves_as_a_map_and_copies_are_independent() {
    let mut dice = Dice(7);
    let mut copies: Vec<(Table<u64>, BTreeMap<u64, u64>)> =
        vec![(Table::default(), BTreeMap::new())];
    for step in 0..20_000_u64 {
        let at = dice.size(copies.len());
        if dice.below(500) == 0 && copies.len() < 8 {
            let copy = copies[at].clone();
            copies.push(copy);
        }
        let (table, map) = &mut copies[at];
        // Dense and far keys alike.
        let spread = *dice.one_of(&[0, 3, 20, 59]);
        let key = dice.below(200) << spread;
        match dice.below(3) {
            0 => assert_eq!(table.remove(key), map.remove(&key)),
            1 => assert_eq!(
                table
                    .get_mut(key)
                    .map(|value| std::mem::replace(value, step)),
                map.get_mut(&key)
                    .map(|value| std::mem::replace(value, step)),
            ),
            _ => assert_eq!(table.insert(key, step), map.insert(key, step)),
        }
    }
    for (table, map) in &copies {
        let expected: Vec<_> = map.iter().map(|(key, value)| (*key, *value)).collect();
        assert_eq!(all(table), expected);
    }
}
