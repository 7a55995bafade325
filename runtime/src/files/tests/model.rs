//! Random operations on a tree and on a plain map of paths do the same.

use std::collections::BTreeMap;

use super::{Dice, NOW, check_sums, shown, tree_with};
use crate::files::quota::FileLimits;
use crate::files::tree::Tree;

/// What stands at a path of the model.
#[derive(Debug, Clone, PartialEq)]
enum Thing {
    Directory,
    File(String),
    Link(String),
}

/// Paths to things; the root is not in it.
#[derive(Debug, Clone, Default)]
struct Model(BTreeMap<String, Thing>);

impl Model {
    fn parent(path: &str) -> &str {
        path.rsplit_once('/').unwrap().0
    }

    /// Whether something can be made at `path`. The model has no links that
    /// lead to directories, so a path is what it looks like.
    fn has_parent(&self, path: &str) -> bool {
        let parent = Self::parent(path);
        parent.is_empty() || self.0.get(parent) == Some(&Thing::Directory)
    }

    fn has_children(&self, path: &str) -> bool {
        let below = format!("{path}/");
        self.0.keys().any(|other| other.starts_with(&below))
    }

    fn make(&mut self, path: &str, thing: Thing) -> bool {
        let fine = self.has_parent(path) && !self.0.contains_key(path);
        if fine {
            self.0.insert(path.to_owned(), thing);
        }
        fine
    }

    fn write(&mut self, path: &str, text: &str) -> bool {
        match self.0.get(path) {
            // All links of the model dangle in a directory that does not exist.
            Some(Thing::Directory | Thing::Link(_)) => false,
            Some(Thing::File(_)) | None => {
                let fine = self.has_parent(path);
                if fine {
                    self.0.insert(path.to_owned(), Thing::File(text.to_owned()));
                }
                fine
            }
        }
    }

    fn remove(&mut self, path: &str) -> bool {
        let fine = self.has_parent(path) && self.0.contains_key(path) && !self.has_children(path);
        if fine {
            self.0.remove(path);
        }
        fine
    }

    fn remove_all(&mut self, path: &str) -> bool {
        let fine = self.has_parent(path) && self.0.contains_key(path);
        if fine {
            let below = format!("{path}/");
            self.0
                .retain(|other, _| other != path && !other.starts_with(&below));
        }
        fine
    }

    fn rename(&mut self, from: &str, to: &str) -> bool {
        if !self.has_parent(from) || !self.has_parent(to) {
            return false;
        }
        let Some(thing) = self.0.get(from).cloned() else {
            return false;
        };
        if from == to {
            return true;
        }
        let below = format!("{from}/");
        if thing == Thing::Directory && to.starts_with(&below) {
            return false;
        }
        let fine = match (&thing, self.0.get(to)) {
            (_, None) => true,
            (Thing::Directory, Some(Thing::Directory)) => !self.has_children(to),
            (Thing::Directory, Some(_)) | (_, Some(Thing::Directory)) => false,
            (_, Some(_)) => true,
        };
        if fine {
            let moved: Vec<String> = self
                .0
                .keys()
                .filter(|path| *path == from || path.starts_with(&below))
                .cloned()
                .collect();
            self.0.remove(to);
            for path in moved {
                let thing = self.0.remove(&path).unwrap();
                self.0.insert(format!("{to}{}", &path[from.len()..]), thing);
            }
        }
        fine
    }

    fn shown(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .0
            .iter()
            .map(|(path, thing)| match thing {
                Thing::Directory => format!("{path}/"),
                Thing::File(text) => format!("{path} = {text}"),
                Thing::Link(target) => format!("{path} -> {target}"),
            })
            .collect();
        lines.sort();
        lines
    }
}

fn path(dice: &mut Dice) -> String {
    let names = ["a", "b", "c", "long name"];
    (0..=dice.below(4))
        .map(|_| format!("/{}", dice.one_of(&names)))
        .collect()
}

/// One random operation on both; they must agree whether it works.
fn step(dice: &mut Dice, tree: &mut Tree, model: &mut Model) {
    let at = path(dice);
    match dice.below(8) {
        0 | 1 => {
            let fine = model.make(&at, Thing::Directory);
            assert_eq!(tree.make_dir(&at, NOW).is_ok(), fine, "make {at}");
        }
        2 => {
            let fine = model.make(&at, Thing::Link("no/where".to_owned()));
            assert_eq!(
                tree.symlink("no/where", &at, NOW).is_ok(),
                fine,
                "link {at}"
            );
        }
        3 | 4 => {
            let text = "x".repeat(dice.size(3000));
            let fine = model.write(&at, &text);
            let result = tree.write(&at, text.as_bytes(), NOW);
            assert_eq!(result.is_ok(), fine, "write {at}: {result:?}");
        }
        5 => {
            let fine = model.remove(&at);
            assert_eq!(tree.remove(&at, NOW).is_ok(), fine, "remove {at}");
        }
        6 if dice.below(4) == 0 => {
            let fine = model.remove_all(&at);
            assert_eq!(tree.remove_all(&at, NOW).is_ok(), fine, "remove all {at}");
        }
        _ => {
            let to = path(dice);
            let fine = model.rename(&at, &to);
            let result = tree.rename(&at, &to, NOW);
            assert_eq!(result.is_ok(), fine, "rename {at} {to}: {result:?}");
        }
    }
}

#[test]
fn random_operations_do_what_the_model_does() {
    for seed in 1..=12 {
        let mut dice = Dice(seed);
        // Small bounds, so that much of it is on disk.
        let limits = FileLimits {
            resident_bytes: 4096,
            ..FileLimits::default()
        };
        let mut pairs = vec![(tree_with(limits), Model::default())];
        for round in 0..2500 {
            let at = dice.size(pairs.len());
            if dice.below(200) == 0 {
                let copy = pairs[at].clone();
                pairs.push(copy);
                if pairs.len() > 5 {
                    pairs.remove(0);
                }
                continue;
            }
            let (tree, model) = &mut pairs[at];
            step(&mut dice, tree, model);
            if round % 250 == 0 {
                assert_eq!(shown(tree), model.shown(), "seed {seed}");
                check_sums(tree);
            }
        }
        for (tree, model) in &pairs {
            assert_eq!(shown(tree), model.shown(), "seed {seed}");
            check_sums(tree);
        }
    }
}
