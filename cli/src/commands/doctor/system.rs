//! What the machine must allow.

use std::fs::File;
use std::path::Path;

use rustix::fs::{MemfdFlags, StatVfsMountFlags};
use rustix::process::Resource;

use super::finding::Finding;
use crate::size;

/// The kernel that can tell which pages of a mapping were written to.
const PAGE_SCAN_SINCE: (u32, u32) = (6, 7);

/// Mappings that a process may have by default on Linux; enough for thousands of
/// sandboxes.
const USUAL_MAPPINGS: u64 = 65_530;

/// Address space that a sandbox reserves without using it, guards included.
const RESERVED_BYTES: u64 = 8 << 30;

/// What a build writes, and then some.
const WANTED_BYTES: u64 = 3 << 30;

/// The kernel's version.
pub(super) fn kernel() -> Finding {
    let release = read("/proc/sys/kernel/osrelease").unwrap_or_default();
    judge_kernel(&release)
}

fn judge_kernel(release: &str) -> Finding {
    let detail = format!("Linux {release}");
    let mut numbers = release.split(['.', '-']).map(str::parse::<u32>);
    let version = match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    };
    if version.is_some_and(|version| version < PAGE_SCAN_SINCE) {
        let (major, minor) = PAGE_SCAN_SINCE;
        let why = format!("{detail}: finding changed pages is slower before {major}.{minor}");
        return Finding::note("kernel", why).remedy("upgrade the kernel when you can");
    }
    Finding::well("kernel", detail)
}

/// How many mappings a process may have.
pub(super) fn mappings() -> Finding {
    let count = read("/proc/sys/vm/max_map_count").and_then(|text| text.parse().ok());
    judge_mappings(count)
}

fn judge_mappings(count: Option<u64>) -> Finding {
    match count {
        Some(count) if count < USUAL_MAPPINGS => {
            let detail = format!(
                "{} at most, which bounds live sandboxes",
                size::grouped(count)
            );
            Finding::note("memory mappings", detail)
                .remedy("sudo sysctl -w vm.max_map_count=262144")
        }
        Some(count) => Finding::well(
            "memory mappings",
            format!("{} at most", size::grouped(count)),
        ),
        None => Finding::note(
            "memory mappings",
            "unknown: /proc/sys/vm/max_map_count cannot be read",
        ),
    }
}

/// Whether memory can be promised before it is used.
pub(super) fn overcommit() -> Finding {
    judge_overcommit(read("/proc/sys/vm/overcommit_memory").as_deref())
}

fn judge_overcommit(mode: Option<&str>) -> Finding {
    match mode {
        Some("2") => Finding::note(
            "overcommit",
            "off: memory that sandboxes share is counted for each of them",
        )
        .remedy("sudo sysctl -w vm.overcommit_memory=0"),
        Some(_) => Finding::well("overcommit", "allowed"),
        None => Finding::note(
            "overcommit",
            "unknown: /proc/sys/vm/overcommit_memory cannot be read",
        ),
    }
}

/// How much address space a process may have.
pub(super) fn address_space() -> Finding {
    judge_address_space(rustix::process::getrlimit(Resource::As).current)
}

fn judge_address_space(limit: Option<u64>) -> Finding {
    match limit {
        Some(limit) if limit < 2 * RESERVED_BYTES => {
            let detail = format!(
                "limited to {}; a sandbox reserves about {}",
                size::show(limit),
                size::show(RESERVED_BYTES)
            );
            Finding::problem("address space", detail).remedy("ulimit -v unlimited")
        }
        Some(limit) => Finding::note("address space", format!("limited to {}", size::show(limit))),
        None => Finding::well("address space", "unlimited"),
    }
}

/// Whether files in memory can be made, which hold images from elsewhere.
pub(super) fn sealed_files() -> Finding {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match rustix::fs::memfd_create("sandcell-doctor", flags) {
        Ok(_file) => Finding::well("memory files", "allowed"),
        Err(error) => Finding::problem("memory files", format!("memfd_create fails: {error}"))
            .remedy("allow memfd_create in the seccomp profile of this container"),
    }
}

/// Whether the process may look at its own pages.
pub(super) fn page_map() -> Finding {
    match File::open("/proc/self/pagemap") {
        Ok(_file) => Finding::well("page map", "readable"),
        Err(error) => Finding::problem(
            "page map",
            format!("/proc/self/pagemap cannot be opened: {error}"),
        )
        .remedy("mount -t proc proc /proc, or give this container its own /proc"),
    }
}

/// Whether the cache can be written to, has room, and may hold code.
pub(super) fn cache_folder(path: &Path) -> Finding {
    let shown = path.display();
    if let Err(error) = tempfile_in(path) {
        return Finding::problem("cache", format!("{shown} cannot be written to: {error}"))
            .remedy(format!("sudo chown -R \"$USER\" {shown}"));
    }
    let Ok(mount) = rustix::fs::statvfs(path) else {
        return Finding::well("cache", shown.to_string());
    };
    if mount.f_flag.contains(StatVfsMountFlags::NOEXEC) {
        return Finding::problem(
            "cache",
            format!("{shown} is mounted with noexec, so no code can run from it"),
        )
        .remedy("export SANDCELL_CACHE=FOLDER, a folder on another file system");
    }
    let free = mount.f_bavail.saturating_mul(mount.f_frsize);
    let detail = format!("{shown}, {} free", size::show(free));
    if free < WANTED_BYTES {
        let wanted = size::show(WANTED_BYTES);
        return Finding::note(
            "cache",
            format!("{detail}; building an image needs up to {wanted}"),
        )
        .remedy("export SANDCELL_CACHE=FOLDER, a folder with more room");
    }
    Finding::well("cache", detail)
}

/// Makes a file and removes it again.
fn tempfile_in(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    drop(File::create_new(&path)?);
    std::fs::remove_file(&path)
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path)
        .ok()
        .map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn kernels_are_told_apart() {
        for (release, verdict) in [
            ("6.7.0", Verdict::Well),
            ("6.18.44-custom", Verdict::Well),
            ("7.0-rc1", Verdict::Well),
            ("6.6.9", Verdict::Note),
            ("5.15.0-91-generic", Verdict::Note),
            ("", Verdict::Well),
        ] {
            assert_eq!(judge_kernel(release).verdict, verdict, "{release}");
        }
    }

    #[test]
    fn limits_of_the_machine_are_judged() {
        assert_eq!(judge_mappings(Some(65_530)).verdict, Verdict::Well);
        assert_eq!(judge_mappings(Some(1000)).verdict, Verdict::Note);
        assert_eq!(judge_mappings(None).verdict, Verdict::Note);
        assert_eq!(judge_overcommit(Some("0")).verdict, Verdict::Well);
        assert_eq!(judge_overcommit(Some("2")).verdict, Verdict::Note);
        assert_eq!(judge_address_space(None).verdict, Verdict::Well);
        assert_eq!(judge_address_space(Some(4 << 30)).verdict, Verdict::Problem);
        assert_eq!(judge_address_space(Some(1 << 40)).verdict, Verdict::Note);
    }

    #[test]
    fn a_folder_that_is_gone_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        assert_ne!(cache_folder(folder.path()).verdict, Verdict::Problem);
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
        let gone = folder.path().join("gone");
        assert_eq!(cache_folder(&gone).verdict, Verdict::Problem);
    }
}
