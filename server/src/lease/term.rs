//! How long a sandbox lives.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock;

/// The end of a sandbox's life, which can be moved.
#[derive(Debug)]
pub(crate) struct Term {
    end: watch::Sender<End>,
}

#[derive(Debug, Clone, Copy)]
struct End {
    instant: Instant,
    time: OffsetDateTime,
}

impl End {
    fn in_seconds(seconds: u64) -> Self {
        let ahead = Duration::from_secs(seconds);
        Self {
            instant: Instant::now() + ahead,
            time: clock::now() + ahead,
        }
    }
}

impl Term {
    pub(crate) fn of_seconds(seconds: u64) -> Self {
        let (end, _) = watch::channel(End::in_seconds(seconds));
        Self { end }
    }

    /// When it ends.
    pub(crate) fn ends(&self) -> OffsetDateTime {
        self.end.borrow().time
    }

    /// It ends so many seconds from now.
    pub(crate) fn set(&self, seconds: u64) {
        self.end.send_replace(End::in_seconds(seconds));
    }

    /// It does not end within so many seconds from now.
    pub(crate) fn extend(&self, seconds: u64) {
        let asked = End::in_seconds(seconds);
        self.end.send_if_modified(|end| {
            let later = asked.instant > end.instant;
            if later {
                *end = asked;
            }
            later
        });
    }

    /// Waits until it has ended, however often it is moved meanwhile.
    pub(crate) async fn over(&self) {
        let mut end = self.end.subscribe();
        loop {
            let instant = end.borrow_and_update().instant;
            tokio::select! {
                () = tokio::time::sleep_until(instant) => return,
                // The sender is ours and lives.
                _ = end.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn extending_never_shortens() {
        let term = Term::of_seconds(100);
        let before = term.ends();
        term.extend(10);
        assert_eq!(term.ends(), before);
        term.extend(1000);
        assert!(term.ends() > before);
        term.set(0);
        assert!(term.ends() < before);
        term.over().await;
    }
}
