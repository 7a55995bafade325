use std::io::ErrorKind;
use std::sync::Arc;

use crate::files::{FileError, LibraryError, SpillAction, SpillError};
use crate::wasi::{Errno, raw};

#[test]
fn numbers_are_those_of_preview_1() {
    let cases = [
        (Errno::Acces, 2),
        (Errno::Badf, 8),
        (Errno::Busy, 10),
        (Errno::Exist, 20),
        (Errno::Fault, 21),
        (Errno::Fbig, 22),
        (Errno::Ilseq, 25),
        (Errno::Intr, 27),
        (Errno::Inval, 28),
        (Errno::Io, 29),
        (Errno::Isdir, 31),
        (Errno::Loop, 32),
        (Errno::Mfile, 33),
        (Errno::Mlink, 34),
        (Errno::Nametoolong, 37),
        (Errno::Noent, 44),
        (Errno::Nospc, 51),
        (Errno::Notdir, 54),
        (Errno::Notempty, 55),
        (Errno::Notsock, 57),
        (Errno::Notsup, 58),
        (Errno::Overflow, 61),
        (Errno::Perm, 63),
        (Errno::Rofs, 69),
        (Errno::Spipe, 70),
        (Errno::Stale, 72),
        (Errno::Xdev, 75),
    ];
    for (errno, number) in cases {
        assert_eq!(errno.raw(), number, "{errno:?}");
        assert_eq!(raw(Err(errno)), number);
    }
    assert_eq!(raw(Ok(())), 0);
}

#[test]
fn every_error_of_the_files_has_its_number() {
    let spill = |kind| {
        FileError::Spill(SpillError {
            action: SpillAction::Write,
            kind,
        })
    };
    let cases = [
        (FileError::NotFound, Errno::Noent),
        (FileError::Exists, Errno::Exist),
        (FileError::NotADirectory, Errno::Notdir),
        (FileError::IsADirectory, Errno::Isdir),
        (FileError::NotEmpty, Errno::Notempty),
        (FileError::TooManyLinks { limit: 40 }, Errno::Loop),
        (
            FileError::NameTooLong {
                length: 256,
                limit: 255,
            },
            Errno::Nametoolong,
        ),
        (
            FileError::PathTooLong {
                length: 5000,
                limit: 4096,
            },
            Errno::Nametoolong,
        ),
        (FileError::TooDeep { limit: 9 }, Errno::Nametoolong),
        (FileError::NotAbsolute, Errno::Inval),
        (FileError::InvalidName, Errno::Inval),
        (FileError::Invalid, Errno::Inval),
        (
            FileError::NoSpace {
                wanted: 1,
                limit: 1,
            },
            Errno::Nospc,
        ),
        (FileError::TooManyEntries { limit: 1 }, Errno::Nospc),
        (FileError::FileTooLarge { size: 2, limit: 1 }, Errno::Fbig),
        (FileError::ReadOnly, Errno::Rofs),
        (FileError::CrossDevice, Errno::Xdev),
        (FileError::Busy, Errno::Busy),
        (FileError::Denied, Errno::Acces),
        (FileError::NotPermitted, Errno::Perm),
        (FileError::TooManyHardLinks { limit: 1 }, Errno::Mlink),
        (FileError::Stale, Errno::Stale),
        (spill(ErrorKind::StorageFull), Errno::Nospc),
        (spill(ErrorKind::QuotaExceeded), Errno::Nospc),
        (spill(ErrorKind::NotFound), Errno::Io),
        (
            FileError::Library(Arc::new(LibraryError::Duplicate)),
            Errno::Io,
        ),
    ];
    for (error, errno) in cases {
        assert_eq!(Errno::from(error.clone()), errno, "{error}");
    }
}
