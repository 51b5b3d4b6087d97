#![deny(warnings)]

use std::fmt::Debug;
use std::marker::PhantomData;

use asyncio::Protocol;

struct Shows<'a, T>(T, PhantomData<&'a ()>);

#[asyncio::protocol]
impl<'a, T: Debug> Shows<'a, T>
where
    T: Clone,
{
    fn data_received(&mut self) {
        println!("{:?}", self.0);
    }
}

struct Counts<const N: usize>;

#[asyncio::protocol]
impl<const N: usize> Counts<N> {
    fn eof_received(&mut self) -> bool {
        N > 0
    }
}

#[asyncio::protocol]
struct Wraps<T>(#[protocol(inner)] T);

enum State {
    Start,
    Headers,
}

#[asyncio::protocol]
impl State {
    fn data_received(&mut self) {
        *self = match self {
            Self::Start => Self::Headers,
            Self::Headers => Self::Start,
        };
    }
}

fn needs(_: impl Protocol) {}

fn main() {
    needs(Shows(1, PhantomData));
    needs(Counts::<3>);
    needs(Wraps(Wraps(State::Start)));
}
