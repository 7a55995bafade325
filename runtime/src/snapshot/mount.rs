//! Folders of the host that a sandbox is shown.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::files::{Access, FileError, FolderLimits, HostFolder, Tree};
use crate::limits::Limits;

/// A folder of the host that is to be mounted.
#[derive(Debug, Clone)]
pub(crate) struct MountPlan {
    pub(crate) guest: String,
    pub(crate) host: PathBuf,
    pub(crate) access: Access,
}

impl MountPlan {
    /// Opens the folder.
    pub(crate) fn open(&self, limits: &Limits) -> Result<Arc<HostFolder>> {
        let limits = FolderLimits {
            write_bytes: limits.mount_bytes,
            ..FolderLimits::default()
        };
        let folder = HostFolder::open(&self.host, self.access, limits);
        Ok(Arc::new(folder.map_err(Error::io("open", &self.host))?))
    }

    /// Mounts the folder, at a place that is made if it is missing.
    pub(crate) fn mount(&self, tree: &mut Tree, folder: Arc<HostFolder>) -> Result<()> {
        let refused = |error: FileError| Error::BadSetting {
            setting: "mount",
            value: self.guest.clone(),
            reason: error.to_string(),
        };
        let now_ns = tree.stat("/").map_err(refused)?.modified_ns;
        tree.make_dirs(&self.guest, now_ns).map_err(refused)?;
        tree.mount(&self.guest, folder).map_err(refused)
    }
}
