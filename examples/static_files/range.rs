//! A part of a file, as the header `Range` asks for it.

use std::ops::Range;

/// What is left of a wish when the file's length is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Nothing in particular was asked for, or nothing that is understood here: several parts, or other units.
    Whole,
    /// These bytes; there is at least one.
    Bytes(Range<u64>),
    /// None of what was asked for is there.
    Nothing,
}

pub fn part_of(wish: &str, length: u64) -> Part {
    let Some((first, last)) = wish.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Part::Whole;
    };
    let bytes = match (number(first), number(last)) {
        // The last so many.
        (None, Some(count)) if first.is_empty() => length.saturating_sub(count)..length,
        (Some(first), None) if last.is_empty() => first..length,
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        _ => return Part::Whole,
    };
    if bytes.is_empty() { Part::Nothing } else { Part::Bytes(bytes) }
}

/// Digits only, which is less than `parse` takes. What is too large for a number is beyond any file.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}
