//! What is done to each sandbox before it starts.

use std::fmt;
use std::sync::Arc;

use sandcell::SandboxBuilder;

type Change = Arc<dyn Fn(SandboxBuilder) -> SandboxBuilder + Send + Sync>;

/// A change of a sandbox's settings; none by default.
#[derive(Clone, Default)]
pub(crate) struct Preparation(Option<Change>);

impl Preparation {
    pub(crate) fn new(
        change: impl Fn(SandboxBuilder) -> SandboxBuilder + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(change)))
    }

    /// The settings, changed.
    pub(crate) fn of(&self, builder: SandboxBuilder) -> SandboxBuilder {
        match &self.0 {
            Some(change) => change(builder),
            None => builder,
        }
    }
}

impl fmt::Debug for Preparation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Preparation")
            .field(&self.0.is_some())
            .finish()
    }
}
