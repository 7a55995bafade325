//! Making folders in a user's name.

use sandcell::Files;

use crate::envd::fault::Fault;
use crate::envd::path::parent;
use crate::envd::user::User;

/// Makes a folder and those above it that are missing; they belong to `user`.
pub(super) fn make(files: &Files, path: &str, user: User) -> Result<(), Fault> {
    let mut missing = Vec::new();
    let mut at = path;
    while at != "/" && !files.exists(at).unwrap_or(true) {
        missing.push(at);
        at = parent(at);
    }
    if missing.is_empty() {
        return Ok(());
    }
    let made = files.make_dirs(path);
    made.map_err(|error| Fault::at(path, &error))?;
    // What is new belongs to the plain user already.
    if user == User::Root {
        for folder in missing {
            let owned = files.set_owner(folder, user.number(), user.number());
            owned.map_err(|error| Fault::at(folder, &error))?;
        }
    }
    Ok(())
}
