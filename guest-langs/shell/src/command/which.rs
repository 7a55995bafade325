//! `which`.

use crate::run::{Run, Shell};

pub(super) async fn which(shell: &mut Shell, args: &[String]) -> Run {
    let mut all = false;
    let mut silent = false;
    let mut status = 0;
    let mut text = String::new();
    for name in args {
        match name.as_str() {
            "-a" => all = true,
            "-s" => silent = true,
            _ => {
                let mut found = if name.contains('/') {
                    let path = shell.path(name);
                    let there = shell.system.metadata(&path, true).await;
                    let runs = there.is_ok_and(|there| there.mode & 0o111 != 0);
                    if runs { vec![name.clone()] } else { Vec::new() }
                } else {
                    shell.search_all(name, all).await
                };
                if found.is_empty() && !name.contains('/') {
                    found.extend(shell.system.find(name));
                    if found.is_empty() && super::is_provided(name) {
                        found.push(format!("/usr/bin/{name}"));
                    }
                }
                if found.is_empty() {
                    status = 1;
                }
                for path in found {
                    text.push_str(&path);
                    text.push('\n');
                }
            }
        }
    }
    if !silent {
        shell.print(&text).await?;
    }
    Ok(status)
}
