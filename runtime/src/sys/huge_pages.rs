//! Memory that a large message is about to fill, in pages as large as the system has.
//!
//! Memory that the system has just given out costs a fault for each page when it is filled: with the usual 4 KiB that
//! takes about as long as copying the bytes, with 2 MiB next to nothing.

/// Only Linux can be asked.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn prefer_huge_pages(_bytes: &mut [u8]) {}

/// Less than that has no whole huge page in it, or hardly more.
#[cfg(any(target_os = "linux", target_os = "android"))]
const WORTH_IT: usize = 4 << 20;

/// What the advice is about begins and ends with a page, as large as they are anywhere.
#[cfg(any(target_os = "linux", target_os = "android"))]
const PAGE: usize = 64 * 1024;

/// Asks for huge pages where these bytes are. All of them are going to be written, so none of it is wasted.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn prefer_huge_pages(bytes: &mut [u8]) {
    if bytes.len() < WORTH_IT {
        return;
    }
    let inside = &mut bytes[..];
    let skip = inside.as_ptr().align_offset(PAGE);
    let Some(inside) = inside.get_mut(skip..) else { return };
    let length = inside.len() / PAGE * PAGE;
    // SAFETY: the advice is about whole pages inside a slice that is borrowed here, and changes neither what is in them
    // nor whether they may be used. A system without huge pages refuses it, and nothing is lost.
    unsafe { libc::madvise(inside.as_mut_ptr().cast(), length, libc::MADV_HUGEPAGE) };
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{WORTH_IT, prefer_huge_pages};

    /// Whether the advice stands with the memory at this address.
    fn is_advised(address: usize) -> bool {
        let maps = std::fs::read_to_string("/proc/self/smaps").expect("Linux has it");
        let mut is_here = false;
        for line in maps.lines() {
            let range = line.split(' ').next().and_then(|word| word.split_once('-'));
            let range = range.map(|(from, to)| (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16)));
            if let Some((Ok(from), Ok(to))) = range {
                is_here = (from..to).contains(&address);
            } else if let (true, Some(flags)) = (is_here, line.strip_prefix("VmFlags:")) {
                return flags.split(' ').any(|flag| flag == "hg");
            }
        }
        false
    }

    #[test]
    fn large_memory_gets_the_advice_and_keeps_what_is_in_it() {
        if !std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
            // This system has no huge pages.
            return;
        }
        let mut bytes = vec![0; 16 * WORTH_IT];
        let middle = bytes.len() / 2;
        bytes[middle] = 7;
        assert!(!is_advised(&raw const bytes[middle] as usize));
        prefer_huge_pages(&mut bytes);
        assert!(is_advised(&raw const bytes[middle] as usize));
        assert!(bytes[middle] == 7 && bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>() == 7);
    }

    #[test]
    fn slices_of_any_length_and_place_are_taken() {
        let mut bytes = vec![1; WORTH_IT + 3];
        for from in [0, 1, 4095] {
            prefer_huge_pages(&mut bytes[from..]);
        }
        prefer_huge_pages(&mut []);
        assert!(bytes.iter().all(|byte| *byte == 1));
    }
}
