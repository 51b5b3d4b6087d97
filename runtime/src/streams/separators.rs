//! What ends a piece of a stream: one separator, or the first of several. Pure.

use memchr::{memchr, memmem};

use crate::exceptions::{Error, Result};

/// One separator or several, for [`StreamReader::readuntil`](crate::StreamReader::readuntil).
///
/// Made by `into()` of what bytes are written as: `b"\r\n"`, `"\n"`, a slice; and of several of them: an array, a slice
/// or a `Vec` of slices, or a tuple, whose parts may differ in length: `(b"\n", b"\r\n")`.
#[derive(Clone, Debug)]
pub struct Separators<'a>(Kind<'a>);

#[derive(Clone, Debug)]
enum Kind<'a> {
    One(&'a [u8]),
    /// Shortest first: where several end at the same byte, the shortest is the one that was found.
    Several(Vec<&'a [u8]>),
}

/// Where a separator stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'a> Separators<'a> {
    pub(super) const fn one(separator: &'a [u8]) -> Self {
        Self(Kind::One(separator))
    }

    fn several(mut separators: Vec<&'a [u8]>) -> Self {
        separators.sort_by_key(|separator| separator.len());
        Self(Kind::Several(separators))
    }

    #[inline]
    fn all(&self) -> &[&'a [u8]] {
        match &self.0 {
            Kind::One(separator) => std::slice::from_ref(separator),
            Kind::Several(separators) => separators,
        }
    }

    /// Each must have a byte, and there must be one.
    pub(super) fn check(&self) -> Result<()> {
        match self.all().first() {
            None => Err(Error::value_error("readuntil() needs at least one separator, and was given none")),
            Some([]) => Err(Error::value_error("a separator needs at least one byte, and an empty one was given")),
            Some(_) => Ok(()),
        }
    }

    #[inline]
    pub(super) fn shortest(&self) -> usize {
        self.all().first().map_or(0, |separator| separator.len())
    }

    #[inline]
    pub(super) fn longest(&self) -> usize {
        self.all().last().map_or(0, |separator| separator.len())
    }

    /// The one that ends first, among those that begin at `from` or later.
    #[inline]
    pub(super) fn find(&self, data: &[u8], from: usize) -> Option<Found> {
        match &self.0 {
            Kind::One(separator) => find(data, from, separator),
            Kind::Several(separators) => {
                let mut first: Option<Found> = None;
                for separator in separators {
                    // What ends later than the one that is known need not be looked at.
                    let data = first.map_or(data, |first| data.get(..first.end - 1).unwrap_or_default());
                    first = find(data, from, separator).or(first);
                }
                first
            }
        }
    }
}

#[inline]
fn find(data: &[u8], from: usize, separator: &[u8]) -> Option<Found> {
    let rest = data.get(from..)?;
    let place = match separator {
        [byte] => memchr(*byte, rest)?,
        _ => memmem::find(rest, separator)?,
    };
    let start = from + place;
    Some(Found { start, end: start + separator.len() })
}

impl<'a> From<&'a [u8]> for Separators<'a> {
    fn from(separator: &'a [u8]) -> Self {
        Self::one(separator)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Separators<'a> {
    fn from(separator: &'a [u8; N]) -> Self {
        Self::one(separator)
    }
}

impl<'a> From<&'a Vec<u8>> for Separators<'a> {
    fn from(separator: &'a Vec<u8>) -> Self {
        Self::one(separator)
    }
}

impl<'a> From<&'a str> for Separators<'a> {
    fn from(separator: &'a str) -> Self {
        Self::one(separator.as_bytes())
    }
}

impl<'a> From<Vec<&'a [u8]>> for Separators<'a> {
    fn from(separators: Vec<&'a [u8]>) -> Self {
        Self::several(separators)
    }
}

impl<'a> From<&[&'a [u8]]> for Separators<'a> {
    fn from(separators: &[&'a [u8]]) -> Self {
        Self::several(separators.to_vec())
    }
}

impl<'a, const N: usize> From<[&'a [u8]; N]> for Separators<'a> {
    fn from(separators: [&'a [u8]; N]) -> Self {
        Self::several(separators.to_vec())
    }
}

impl<'a, const N: usize, const M: usize> From<[&'a [u8; N]; M]> for Separators<'a> {
    fn from(separators: [&'a [u8; N]; M]) -> Self {
        Self::several(separators.iter().map(|separator| separator.as_slice()).collect())
    }
}

impl<'a, A, B> From<(&'a A, &'a B)> for Separators<'a>
where
    A: AsRef<[u8]> + ?Sized,
    B: AsRef<[u8]> + ?Sized,
{
    fn from((a, b): (&'a A, &'a B)) -> Self {
        Self::several(vec![a.as_ref(), b.as_ref()])
    }
}

impl<'a, A, B, C> From<(&'a A, &'a B, &'a C)> for Separators<'a>
where
    A: AsRef<[u8]> + ?Sized,
    B: AsRef<[u8]> + ?Sized,
    C: AsRef<[u8]> + ?Sized,
{
    fn from((a, b, c): (&'a A, &'a B, &'a C)) -> Self {
        Self::several(vec![a.as_ref(), b.as_ref(), c.as_ref()])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(separators: &Separators<'_>, data: &[u8], from: usize) -> Option<(usize, usize)> {
        separators.find(data, from).map(|found| (found.start, found.end))
    }

    #[test]
    fn the_one_that_ends_first_is_found_even_if_it_is_longer() {
        assert_eq!(found(&(b"DEF", b"BCDE").into(), b"ABCDEFG", 0), Some((1, 5)));
    }

    #[test]
    fn of_two_that_end_together_the_shorter_is_found() {
        assert_eq!(found(&(b"ome dataA", b"A").into(), b"some dataA", 0), Some((9, 10)));
    }

    #[test]
    fn none_and_empty_ones_are_refused() {
        assert!(Separators::from(Vec::new()).check().is_err());
        assert!(Separators::from(b"").check().is_err());
        assert!(Separators::from((b"a", b"")).check().is_err());
        assert!(Separators::from([b"a", b"b"]).check().is_ok());
    }

    proptest! {
        #[test]
        fn finding_is_as_looking_at_every_place(
            data in prop::collection::vec(0..3_u8, 0..40),
            separators in prop::collection::vec(prop::collection::vec(0..3_u8, 1..4), 1..4),
            from in 0..40_usize,
        ) {
            let from = from.min(data.len());
            let separators: Vec<&[u8]> = separators.iter().map(Vec::as_slice).collect();
            let expected = (from..=data.len())
                .flat_map(|start| separators.iter().map(move |separator| (start, start + separator.len(), *separator)))
                .filter(|(start, end, separator)| data.get(*start..*end) == Some(*separator))
                .min_by_key(|(start, end, _)| (*end, end - start))
                .map(|(start, end, _)| (start, end));
            prop_assert_eq!(found(&separators.into(), &data, from), expected);
        }
    }
}
