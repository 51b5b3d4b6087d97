//! How tasks, places in the source and lists of waiters are laid out in a process, which is for its compiler to say.

use std::io;

use super::find::Found;
use super::memory::Memory;

/// Where the parts of things stand in them, and how large some are.
pub(super) struct Layout {
    pub(super) id: usize,
    pub(super) state: usize,
    pub(super) location: usize,
    pub(super) waits_for: usize,
    pub(super) waits_at: usize,
    pub(super) rare: usize,
    pub(super) waiters: usize,
    pub(super) waiters_size: usize,
    pub(super) name_address: usize,
    pub(super) name_len: usize,
    pub(super) frames: usize,
    pub(super) branches: usize,
    /// Of a list of frames or branches.
    pub(super) trace_address: usize,
    pub(super) trace_len: usize,
    /// Of a place in the source.
    pub(super) file: usize,
    pub(super) file_len: usize,
    pub(super) line: usize,
    pub(super) column: usize,
    /// Of a list of waiters.
    pub(super) list_entries: usize,
    pub(super) list_len: usize,
    /// The size of one of its entries.
    pub(super) list_entry: usize,
}

impl Layout {
    /// The layout that a process tells; `None` if what it shows as an example is not recognised.
    pub(super) fn of(found: &Found) -> io::Result<Option<Self>> {
        let Ok(words) = <[usize; 25]>::try_from(found.layout.clone()) else { return Ok(None) };
        let [id, state, location, waits_for, waits_at, rare, waiters, waiters_size, rest @ ..] = words;
        let [name_address, name_len, frames, branches, trace_address, trace_len, size, probe, rest @ ..] = rest;
        let [file_address, file_length, line_number, column_number, rest @ ..] = rest;
        let [list_size, list_probe, entries_address, capacity, list_entry] = rest;
        let place = Example::read(found.memory, probe, size)?;
        // The numbers stand behind the file's name.
        let parts = (
            place.word(file_address),
            place.word(file_length),
            place.last_half(line_number),
            place.last_half(column_number),
        );
        let (Some(file), Some(file_len), Some(line), Some(column)) = parts else { return Ok(None) };
        let list = Example::read(found.memory, list_probe, list_size)?;
        // It is empty, and has room.
        let parts = (list.word(entries_address), list.word(0), list.word(capacity));
        let (Some(list_entries), Some(list_len), Some(_)) = parts else { return Ok(None) };
        Ok(Some(Self {
            id,
            state,
            location,
            waits_for,
            waits_at,
            rare,
            waiters,
            waiters_size,
            name_address,
            name_len,
            frames,
            branches,
            trace_address,
            trace_len,
            file,
            file_len,
            line,
            column,
            list_entries,
            list_len,
            list_entry,
        }))
    }
}

/// A thing whose parts are known, byte by byte.
struct Example(Vec<u8>);

impl Example {
    fn read(memory: Memory, address: usize, size: usize) -> io::Result<Self> {
        let mut bytes = vec![0; size.min(256)];
        memory.bytes(address, &mut bytes)?;
        Ok(Self(bytes))
    }

    /// Where the word with this value stands.
    fn word(&self, value: usize) -> Option<usize> {
        self.0.chunks_exact(8).position(|chunk| chunk == value.to_ne_bytes()).map(|at| at * 8)
    }

    /// Where the last half of a word with this value stands.
    fn last_half(&self, value: usize) -> Option<usize> {
        let value = u32::try_from(value).ok()?.to_ne_bytes();
        self.0.chunks_exact(4).rposition(|chunk| chunk == value).map(|at| at * 4)
    }
}
