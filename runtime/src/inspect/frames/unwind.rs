//! From registers and a copy of the stack to the addresses of the calls, by the tables that each file of code has for that.
//!
//! The tables are read out of memory, so a file that was replaced since does not matter, and the kernel's own code has
//! some too. A file whose tables cannot be read ends the list early.

use std::ops::Range;

use framehop::{
    CacheNative, ExplicitModuleSectionInfo, FrameAddress, MayAllocateDuringUnwind, Module, UnwindRegsNative, Unwinder,
    UnwinderNative,
};

use crate::sys::{Loaded, Sample, read_memory};

/// More calls in each other than this are an error of the tables.
const DEEPEST: usize = 2000;
/// No file of code has larger tables.
const LARGEST: u64 = 1 << 30;

/// How the list of calls ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At the function that the thread began with.
    Outermost,
    /// Where the copy of the stack does.
    Cut,
    /// Where no table says how to go on.
    Lost,
}

type Tables = UnwinderNative<Vec<u8>, MayAllocateDuringUnwind>;

/// Where the thread was, and from where each function was called, innermost first; each one past an instruction.
pub(super) fn addresses(sample: &Sample, files: &[Loaded]) -> (Vec<u64>, End) {
    let mut tables = Tables::new();
    let mut known = vec![false; files.len()];
    let mut cache = CacheNative::<MayAllocateDuringUnwind>::new();
    let mut registers = registers(sample);
    let mut word = |address: u64| {
        let word = usize::try_from(address).ok().and_then(|address| sample.word(address));
        word.map(|word| word as u64).ok_or(())
    };
    let mut frame = FrameAddress::from_instruction_pointer(sample.program_counter as u64);
    let mut found = vec![sample.program_counter as u64 + 1];
    while found.len() < DEEPEST {
        let code = frame.address_for_lookup();
        let file = files.iter().position(|file| file.contains(code));
        if let Some(index) = file.filter(|index| !std::mem::replace(&mut known[*index], true)) {
            if let Some(module) = module(&files[index]) {
                tables.add_module(module);
            }
        }
        let caller = match tables.unwind_frame(frame, &mut registers, &mut cache, &mut word) {
            Ok(caller) => caller.and_then(FrameAddress::from_return_address),
            Err(framehop::Error::CouldNotReadStack(_)) if sample.cut => return (found, End::Cut),
            Err(_) => return (found, End::Lost),
        };
        let Some(caller) = caller else { return (found, End::Outermost) };
        frame = caller;
        found.push(caller.address());
    }
    (found, End::Lost)
}

#[cfg(target_arch = "x86_64")]
fn registers(sample: &Sample) -> UnwindRegsNative {
    UnwindRegsNative::new(sample.program_counter as u64, sample.stack_pointer as u64, sample.frame_pointer as u64)
}

#[cfg(target_arch = "aarch64")]
fn registers(sample: &Sample) -> UnwindRegsNative {
    // What stands above the 48 bits of an address is a signature.
    let mask = framehop::aarch64::PtrAuthMask(u64::MAX >> 16);
    let [link, stack, frame] =
        [sample.link, sample.stack_pointer, sample.frame_pointer].map(|register| register as u64);
    UnwindRegsNative::new_with_ptr_auth_mask(mask, link, stack, frame)
}

/// The tables of one file.
fn module(file: &Loaded) -> Option<Module<Vec<u8>>> {
    let (index_at, frames_at) = tables_of(file)?;
    let own = |range: &Range<u64>| Some(range.start.wrapping_sub(file.bias)..range.end.wrapping_sub(file.bias));
    let info = ExplicitModuleSectionInfo {
        eh_frame_svma: own(&frames_at),
        eh_frame: Some(read(&frames_at)?),
        eh_frame_hdr_svma: own(&index_at),
        eh_frame_hdr: Some(read(&index_at)?),
        ..ExplicitModuleSectionInfo::default()
    };
    let start = file.segments.iter().map(|segment| segment.start).min()?;
    let end = file.segments.iter().map(|segment| segment.end).max()?;
    Some(Module::new(String::new(), start..end, file.bias, info))
}

/// Where the index of the table stands, and the table.
fn tables_of(file: &Loaded) -> Option<(Range<u64>, Range<u64>)> {
    /// A difference of four bytes, with a sign, from where it stands. Linkers write no other.
    const RELATIVE: u8 = 0x1b;
    const VERSION: u8 = 1;
    let index = file.frame_table.clone()?;
    let head = read(&(index.start..index.start.checked_add(8)?))?;
    let &[VERSION, RELATIVE, _, _, ref difference @ ..] = &head[..] else { return None };
    let difference = i32::from_le_bytes(difference.try_into().ok()?);
    let frames = (index.start + 4).checked_add_signed(difference.into())?;
    // Its length is written nowhere; it ends itself.
    let segment = file.segments.iter().find(|segment| segment.contains(&frames))?;
    Some((index, frames..segment.end))
}

/// What stands there, if it is there still.
fn read(range: &Range<u64>) -> Option<Vec<u8>> {
    let length = range.end.checked_sub(range.start).filter(|length| *length < LARGEST)?;
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    read_memory(std::process::id(), usize::try_from(range.start).ok()?, &mut bytes).ok()?;
    Some(bytes)
}
