//! Whether numbered nodes make a tree.

use std::collections::HashMap;

use super::error::SavedError;
use crate::files::node::{Node, NodeId};
use crate::files::tree::Tree;

const NODE: &str = "node";

/// Check that the directories hang together without a circle and not deeper
/// than `depth`, that each file has as many names as it says, and that mounts
/// stand on directories. Counts subdirectories on the way.
pub(super) fn check_shape(tree: &mut Tree, depth: u32) -> Result<(), SavedError> {
    let names = walk(tree, depth)?;
    let mut next = tree.nodes.first_from(0);
    while let Some((inode, node)) = next {
        check_names(inode, node, names.get(&inode).copied().unwrap_or(0))?;
        next = tree.nodes.first_from(inode + 1);
    }
    for mount in tree.mounts.iter() {
        let point = tree.nodes.get(mount.point);
        let fits = point.is_some_and(|node| node.directory().is_some() && node.links == 1);
        if !fits || mount.point == NodeId::ROOT.inode() {
            let detail = "it does not stand on a directory";
            return Err(SavedError::malformed("mount", mount.point, detail));
        }
    }
    Ok(())
}

/// Go down from the root, level by level. Answers how many names each node has.
fn walk(tree: &mut Tree, depth: u32) -> Result<HashMap<u64, u32>, SavedError> {
    let root = NodeId::ROOT.inode();
    let is_directory = |node: &Node| node.directory().is_some();
    if !tree.nodes.get(root).is_some_and(|node| is_directory(node)) {
        return Err(SavedError::malformed(NODE, root, "there is no root"));
    }
    let mut names: HashMap<u64, u32> = HashMap::new();
    names.insert(root, 1);
    let mut level = vec![root];
    let mut levels = 0;
    while !level.is_empty() {
        let mut below = Vec::new();
        for inode in level {
            let first = below.len();
            look_into(tree, inode, &mut names, &mut below)?;
            let found = u32::try_from(below.len() - first).unwrap_or(u32::MAX);
            // Only those that have some are changed, and so taken in hand.
            if found > 0
                && let Some(node) = tree.nodes.get_mut(inode)
                && let Some(directory) = std::sync::Arc::make_mut(node).directory_mut()
            {
                directory.subdirectories = found;
            }
        }
        if !below.is_empty() {
            levels += 1;
            SavedError::check("levels of directories", levels, u64::from(depth))?;
        }
        level = below;
    }
    Ok(names)
}

/// Count the names in one directory, and collect the directories in it.
fn look_into(
    tree: &Tree,
    inode: u64,
    names: &mut HashMap<u64, u32>,
    below: &mut Vec<u64>,
) -> Result<(), SavedError> {
    let directory = tree.nodes.get(inode).and_then(|node| node.directory());
    for listed in directory.into_iter().flat_map(|found| found.iter()) {
        let Some(node) = tree.nodes.get(listed.inode) else {
            let detail = "an entry leads to a node that is not there";
            return Err(SavedError::malformed(NODE, inode, detail));
        };
        let count = names.entry(listed.inode).or_insert(0);
        *count = count.saturating_add(1);
        if node.directory().is_none() {
            continue;
        }
        if *count > 1 {
            let detail = "a directory is in two places, or in itself";
            return Err(SavedError::malformed(NODE, listed.inode, detail));
        }
        if node.home.directory != inode || node.home.name != listed.name {
            let detail = "it is not where it says it is";
            return Err(SavedError::malformed(NODE, listed.inode, detail));
        }
        below.push(listed.inode);
    }
    Ok(())
}

fn check_names(inode: u64, node: &Node, names: u32) -> Result<(), SavedError> {
    if node.links != names {
        let detail = "it has not as many names as it says, or hangs in no directory";
        return Err(SavedError::malformed(NODE, inode, detail));
    }
    let filled = node
        .directory()
        .is_some_and(|directory| !directory.is_empty());
    if names == 0 && filled {
        let detail = "it was removed and is not empty";
        return Err(SavedError::malformed(NODE, inode, detail));
    }
    Ok(())
}
