//! What `gather!` returns: a gather whose list of results becomes a tuple.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::children::Children;
use super::gather::{Gather, GatherResults};
use crate::exceptions::Result;

/// What [`gather!`](macro@crate::gather) returns: awaiting it gives a tuple of the results.
#[must_use = "the children run, but nobody waits for them: write `.await`"]
pub struct Gathered<G, M> {
    gather: G,
    map: Option<M>,
}

impl<C: Children> Gather<C> {
    /// For the macro: makes a tuple of the list.
    #[doc(hidden)]
    pub fn map<T, M: FnOnce(C::Values) -> T>(self, map: M) -> Gathered<Self, M> {
        Gathered { gather: self, map: Some(map) }
    }
}

impl<C: Children> GatherResults<C> {
    /// For the macro: makes a tuple of the list.
    #[doc(hidden)]
    pub fn map<T, M: FnOnce(C::Results) -> T>(self, map: M) -> Gathered<Self, M> {
        Gathered { gather: self, map: Some(map) }
    }
}

impl<G, M> Gathered<G, M> {
    fn map<R, T>(&mut self, results: R) -> T
    where
        M: FnOnce(R) -> T,
    {
        let map = self.map.take().expect("a future is not polled after it has ended");
        map(results)
    }
}

impl<C: Children, M> Gathered<Gather<C>, M> {
    /// As [`Gather::cancel`].
    pub fn cancel(&self) -> bool {
        self.gather.cancel()
    }
}

impl<C: Children, M> Gathered<GatherResults<C>, M> {
    /// As [`Gather::cancel`].
    pub fn cancel(&self) -> bool {
        self.gather.cancel()
    }
}

impl<G, M> Unpin for Gathered<G, M> {}

impl<C, M, T> Future for Gathered<Gather<C>, M>
where
    C: Children + 'static,
    M: FnOnce(C::Values) -> T,
{
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let values = ready!(Pin::new(&mut self.gather).poll(cx));
        Poll::Ready(values.map(|values| self.map(values)))
    }
}

impl<C, M, T> Future for Gathered<GatherResults<C>, M>
where
    C: Children + 'static,
    M: FnOnce(C::Results) -> T,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let results = ready!(Pin::new(&mut self.gather).poll(cx));
        Poll::Ready(self.map(results))
    }
}

impl<G: fmt::Debug, M> fmt::Debug for Gathered<G, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.gather.fmt(f)
    }
}
