//! The code that is loaded into this process: the program, its libraries, and what the kernel lends it.

use std::ffi::CStr;
use std::ops::Range;

/// One file of code, by addresses in memory.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// Its path; empty is the program itself.
    pub(crate) name: String,
    /// What must be added to the file's own addresses.
    pub(crate) bias: u64,
    /// The pieces of it that are in memory.
    pub(crate) segments: Vec<Range<u64>>,
    /// The table by which frames are found, if it has one.
    pub(crate) frame_table: Option<Range<u64>>,
}

impl Loaded {
    /// Whether the code at this address is the file's.
    pub(crate) fn contains(&self, address: u64) -> bool {
        self.segments.iter().any(|segment| segment.contains(&address))
    }
}

/// All that is loaded at this moment.
pub(crate) fn loaded() -> Vec<Loaded> {
    let mut all = Vec::new();
    // SAFETY: the callback is made for this list, which lives through the call.
    unsafe { libc::dl_iterate_phdr(Some(note), (&raw mut all).cast()) };
    all
}

unsafe extern "C" fn note(info: *mut libc::dl_phdr_info, _: libc::size_t, all: *mut libc::c_void) -> libc::c_int {
    // SAFETY: it is the list of the caller above, which nobody else uses meanwhile.
    let all = unsafe { &mut *all.cast::<Vec<Loaded>>() };
    // SAFETY: the system lends it for this call.
    let info = unsafe { &*info };
    if info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: as many headers as it says stand there.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let range = |header: &libc::Elf64_Phdr| {
        let start = info.dlpi_addr.wrapping_add(header.p_vaddr);
        start..start.wrapping_add(header.p_memsz)
    };
    let of_kind = |kind| headers.iter().filter(move |header| header.p_type == kind).map(range);
    let name = if info.dlpi_name.is_null() {
        String::new()
    } else {
        // SAFETY: it is a text of the system's, lent for this call.
        unsafe { CStr::from_ptr(info.dlpi_name) }.to_string_lossy().into_owned()
    };
    all.push(Loaded {
        name,
        bias: info.dlpi_addr,
        segments: of_kind(libc::PT_LOAD).collect(),
        frame_table: of_kind(libc::PT_GNU_EH_FRAME).next(),
    });
    0
}
