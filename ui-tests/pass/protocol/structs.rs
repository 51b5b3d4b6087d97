#![deny(warnings, missing_docs)]
//! Structs of every form, beside other attributes.

use asyncio::Protocol;

/// A unit.
#[asyncio::protocol]
#[derive(Clone, Debug)]
pub struct Silent;

/// Derived above the attribute.
#[derive(Clone, Debug)]
#[asyncio::protocol]
pub struct Outer<P>
where
    P: Clone,
{
    /// Where the callbacks go.
    #[protocol(inner)]
    pub inner: P,
    /// Something else.
    pub count: usize,
}

/// A const parameter with a default.
#[asyncio::protocol]
pub struct Sized<const N: usize = 3>;

mod elsewhere {
    /// Fields in another module.
    #[asyncio::protocol]
    pub struct Tuple(pub u8, #[protocol(inner)] pub(super) super::Silent);

    #[asyncio::protocol(overrides)]
    impl Tuple {
        pub fn eof_received(&mut self) -> bool {
            self.0 > 0
        }
    }
}

fn needs(_: impl Protocol) {}

fn main() {
    needs(Outer { inner: Silent, count: 1 });
    needs(Sized::<3>);
    let mut tuple = elsewhere::Tuple(1, Silent);
    assert!(tuple.eof_received());
    needs(tuple);
}
