//! Pathnames.

use futures::future::BoxFuture;

use crate::limits::{LISTINGS, WORDS};
use crate::pattern::{self, Pattern};
use crate::run::{Flow, Shell};
use crate::system::FileKind;

/// One search for pathnames.
struct Search {
    /// Components of the pattern.
    components: Vec<Component>,
    /// Only directories, as a `/` at the end asks for.
    folders_only: bool,
    listings: usize,
    found: Vec<String>,
}

enum Component {
    Name(String),
    Pattern(Box<Pattern>),
    /// `**`
    AnyDepth,
}

impl Shell {
    /// The paths that match, in order; nothing if none does.
    pub(super) async fn glob(&mut self, source: &str) -> Result<Vec<String>, Flow> {
        let mut components = Vec::new();
        for part in source.split('/').filter(|part| !part.is_empty()) {
            let component = if part == "**" && self.options.globstar {
                Component::AnyDepth
            } else if pattern::has_magic(part, self.options.extglob) {
                match Pattern::new(part, self.options.extglob) {
                    Ok(pattern) => {
                        Component::Pattern(Box::new(pattern.fold_case(self.options.nocaseglob)))
                    }
                    Err(_) => return Ok(Vec::new()),
                }
            } else {
                Component::Name(pattern::unescape(part))
            };
            components.push(component);
        }
        let mut search = Search {
            components,
            folders_only: source.ends_with('/'),
            listings: 0,
            found: Vec::new(),
        };
        let start = if source.starts_with('/') { "/" } else { "" };
        self.search(&mut search, start.to_owned(), 0).await?;
        let mut found = search.found;
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Follows the components from `at` on, below `prefix`.
    fn search<'a>(
        &'a mut self,
        search: &'a mut Search,
        prefix: String,
        at: usize,
    ) -> BoxFuture<'a, Result<(), Flow>> {
        Box::pin(async move {
            let is_last = at + 1 >= search.components.len();
            match search.components.get(at) {
                None => Ok(()),
                Some(Component::Name(name)) => {
                    let path = format!("{prefix}{name}");
                    self.follow(search, path, at, is_last).await
                }
                Some(Component::Pattern(pattern)) => {
                    let pattern = pattern.clone();
                    let names = self.names_in(search, &prefix).await?;
                    let dots = self.options.dotglob || pattern.starts_with_dot();
                    for name in names {
                        if name.starts_with('.') && !dots {
                            continue;
                        }
                        if pattern.matches(&name) == Ok(true) {
                            self.follow(search, format!("{prefix}{name}"), at, is_last)
                                .await?;
                        }
                    }
                    Ok(())
                }
                Some(Component::AnyDepth) => self.any_depth(search, prefix, at, is_last).await,
            }
        })
    }

    async fn any_depth(
        &mut self,
        search: &mut Search,
        prefix: String,
        at: usize,
        is_last: bool,
    ) -> Result<(), Flow> {
        let mut folders = vec![prefix];
        while let Some(prefix) = folders.pop() {
            if is_last && !prefix.is_empty() && search.folders_only {
                search.found.push(prefix.clone());
            } else if is_last && !prefix.is_empty() {
                search.found.push(if search.found.is_empty() {
                    prefix.clone()
                } else {
                    prefix.trim_end_matches('/').to_owned()
                });
            }
            if !is_last {
                self.search(search, prefix.clone(), at + 1).await?;
            }
            for name in self.names_in(search, &prefix).await? {
                if name.starts_with('.') && !self.options.dotglob {
                    continue;
                }
                let path = format!("{prefix}{name}");
                let full = self.path(&path);
                match self.system.metadata(&full, false).await {
                    Ok(there) if there.kind == FileKind::Directory => {
                        folders.push(format!("{path}/"));
                    }
                    Ok(_) if is_last && !search.folders_only => search.found.push(path),
                    _ => {}
                }
            }
            if folders.len() > LISTINGS {
                break;
            }
        }
        Ok(())
    }

    async fn follow(
        &mut self,
        search: &mut Search,
        path: String,
        at: usize,
        is_last: bool,
    ) -> Result<(), Flow> {
        let full = self.path(&path);
        let there = self
            .system
            .metadata(&full, !is_last || search.folders_only)
            .await;
        let Ok(there) = there else {
            return Ok(());
        };
        let is_folder = there.kind == FileKind::Directory;
        if !is_last {
            if is_folder {
                self.search(search, format!("{path}/"), at + 1).await?;
            }
            return Ok(());
        }
        if search.found.len() > WORDS {
            return Ok(());
        }
        if search.folders_only {
            if is_folder {
                search.found.push(format!("{path}/"));
            }
        } else {
            search.found.push(path);
        }
        Ok(())
    }

    async fn names_in(&mut self, search: &mut Search, prefix: &str) -> Result<Vec<String>, Flow> {
        search.listings += 1;
        if search.listings > LISTINGS {
            return Ok(Vec::new());
        }
        self.step().await?;
        let folder = self.path(prefix);
        let folder = if folder.len() > 1 {
            folder.trim_end_matches('/')
        } else {
            &folder
        };
        let mut names = self.system.list(folder).await.unwrap_or_default();
        names.sort();
        Ok(names)
    }
}
