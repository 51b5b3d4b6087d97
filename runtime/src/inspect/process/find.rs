//! Finding the block in which a process says where its loops are.

use std::fs;
use std::io;

use super::memory::Memory;
use crate::exceptions::{Error, Result};
use crate::sys::{MAGIC, PAGES, VERSION};

/// Regions that are larger hold no program's initialised data.
const LARGEST: usize = 256 << 20;
/// How much is read at a time.
const PIECE: usize = 1 << 20;

/// What the block says.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) memory: Memory,
    pub(super) layout: Vec<usize>,
    pub(super) pages: Vec<usize>,
}

/// The block of a process.
pub(super) fn beacon(memory: &Memory) -> Result<Found> {
    let process = memory.process;
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).map_err(|error| memory.refused(error))?;
    for (start, end) in maps.lines().filter_map(data_region) {
        match search(*memory, start, end) {
            Ok(Some(address)) => return read(*memory, address),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(memory.refused(error)),
            // The latter: it was unmapped since.
            Ok(None) | Err(_) => {}
        }
    }
    // Whoever has no memory has ended, or is a thread of the kernel's.
    if maps.is_empty() && memory.has_ended() {
        let error = io::Error::from(io::ErrorKind::NotFound);
        return Err(Error::os_error_at(
            error,
            format_args!("process {process} has ended, and nothing but its exit status is left"),
        ));
    }
    Err(Error::runtime_error(format!(
        "process {process} is no program with asyncio, or it has made no loop with tasks yet"
    )))
}

/// Where a line of the map says that a file's writable data lies.
fn data_region(line: &str) -> Option<(usize, usize)> {
    let mut fields = line.split_whitespace();
    let (range, rights) = (fields.next()?, fields.next()?);
    let path = fields.nth(3)?;
    if !rights.starts_with("rw") || !path.starts_with('/') {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let region = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    (region.1 - region.0 <= LARGEST).then_some(region)
}

/// The address of the block between two others.
fn search(memory: Memory, start: usize, end: usize) -> io::Result<Option<usize>> {
    let mut piece = vec![0; PIECE];
    let mut at = start;
    while at < end {
        let piece = &mut piece[..PIECE.min(end - at)];
        memory.bytes(at, piece)?;
        for (index, bytes) in piece.chunks(MAGIC.len() / 2).enumerate() {
            let address = at + index * MAGIC.len() / 2;
            // The word behind the magic is the block's own address, once it is lit.
            if MAGIC.starts_with(bytes) && is_beacon(memory, address) {
                return Ok(Some(address));
            }
        }
        at += piece.len();
    }
    Ok(None)
}

fn is_beacon(memory: Memory, address: usize) -> bool {
    let mut magic = [0; MAGIC.len()];
    let begins = memory.bytes(address, &mut magic).is_ok() && magic == MAGIC;
    begins && memory.word(address + MAGIC.len()).is_ok_and(|own| own == address)
}

fn read(memory: Memory, address: usize) -> Result<Found> {
    let refused = |error| memory.refused(error);
    let words = memory.words(address + MAGIC.len() + size_of::<usize>(), 3 + PAGES).map_err(refused)?;
    let [version, layout, len, pages @ ..] = &words[..] else { unreachable!("as many were read") };
    if *version != VERSION {
        let process = memory.process;
        return Err(Error::runtime_error(format!(
            "process {process} has asyncio with inspection version {version}, and this one reads version {VERSION}; use the \
             `asyncio` that was built with it"
        )));
    }
    let layout = memory.words(*layout, *len).map_err(refused)?;
    let pages = pages.iter().copied().filter(|page| *page != 0).collect();
    Ok(Found { memory, layout, pages })
}
