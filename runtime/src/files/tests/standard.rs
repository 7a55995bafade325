use super::{NOW, standard, storage};
use crate::files::node::{Device, Kind};
use crate::files::quota::FileLimits;
use crate::files::standard::{BOOT_ID_PATH, LIBRARY_PATH, Standard, boot_id_text};
use crate::files::tree::Tree;

#[test]
fn the_layout_is_the_one_that_programs_expect() {
    let tree = standard();
    let cases = [
        ("/home/user", Kind::Directory, 0o755, 1000),
        ("/root", Kind::Directory, 0o700, 0),
        ("/tmp", Kind::Directory, 0o1777, 0),
        (LIBRARY_PATH, Kind::Directory, 0o755, 0),
        ("/usr/bin", Kind::Directory, 0o755, 0),
        ("/usr/local/bin", Kind::Directory, 0o755, 0),
        ("/bin", Kind::Directory, 0o755, 0),
        ("/etc/os-release", Kind::File, 0o644, 0),
        ("/etc/hostname", Kind::File, 0o644, 0),
        ("/etc/passwd", Kind::File, 0o644, 0),
        (BOOT_ID_PATH, Kind::File, 0o444, 0),
        ("/dev/null", Kind::Device(Device::Null), 0o666, 0),
        ("/dev/zero", Kind::Device(Device::Zero), 0o666, 0),
        ("/dev/urandom", Kind::Device(Device::Random), 0o666, 0),
    ];
    for (path, kind, mode, owner) in cases {
        let stat = tree.stat(path).unwrap();
        assert_eq!(
            (stat.kind, stat.mode, stat.owner),
            (kind, mode, owner),
            "{path}"
        );
    }
    let passwd = tree.read("/etc/passwd").unwrap();
    assert!(
        String::from_utf8(passwd)
            .unwrap()
            .contains("user:x:1000:1000:user:/home/user:")
    );
}

#[test]
fn each_sandbox_has_its_name_and_boot_id() {
    let standard = Standard {
        hostname: "box-7".to_owned(),
        boot_id: [0xff; 16],
    };
    let tree = Tree::standard(&standard, FileLimits::default(), storage(), NOW).unwrap();
    assert_eq!(tree.read("/etc/hostname").unwrap(), b"box-7\n");
    assert_eq!(
        tree.read(BOOT_ID_PATH).unwrap(),
        b"ffffffff-ffff-4fff-bfff-ffffffffffff\n"
    );
    let mut copy = tree.clone();
    let text = boot_id_text([0x12; 16]);
    copy.publish(BOOT_ID_PATH, text.as_bytes(), NOW).unwrap();
    assert_eq!(
        copy.read(BOOT_ID_PATH).unwrap(),
        b"12121212-1212-4212-9212-121212121212\n"
    );
    assert_ne!(tree.read(BOOT_ID_PATH), copy.read(BOOT_ID_PATH));
}
