//! Files to be sent.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering};

/// A file with this content, which is nowhere in the file system. Its position is at the end.
pub(crate) fn file_of(content: &[u8]) -> File {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("asyncio-sendfile-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(name);
    let mut file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file.write_all(content).unwrap();
    file
}

/// What gives this content and has no position: no system call sends it. Less than a pipe holds.
pub(crate) fn pipe_of(content: &[u8]) -> File {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(content).unwrap();
    File::from(OwnedFd::from(reader))
}

pub(crate) fn content(length: usize) -> Vec<u8> {
    (0..length).map(|number| (number / 7) as u8).collect()
}

pub(crate) fn position(mut file: &File) -> u64 {
    file.stream_position().unwrap()
}
