//! `RemoteFunction`: a function that other processes can call, and what such a call consists of.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::call::{Going, RemoteCall, RemoteFuture};
use super::pack::{Packer, Travels, Unpacker};
use crate::exceptions::Result;
use crate::executor::{Executor, FunctionId, JobOutput};
use crate::task::TaskOutput;

/// What [`#[asyncio::remote]`](macro@crate::remote) makes of a function: it can be called here, as before, and on an
/// executor.
///
/// A call on an executor is `function.on(&pool)(arguments).await`; a call that is given to
/// [`submit`](Executor::submit) or [`run_in_executor`](crate::EventLoop::run_in_executor) is
/// `function.call(arguments)`.
///
/// It is a `static` of the function's name. `function(arguments)` calls the function, `*function` is the plain function
/// for those who want one, and a `let` of the same name is refused by the compiler, as one of a constant's name is.
#[derive(Clone, Copy)]
pub struct RemoteFunction<F> {
    name: &'static str,
    signature: u64,
    function: F,
}

impl<F> RemoteFunction<F> {
    /// For the macro.
    #[doc(hidden)]
    pub const fn new(name: &'static str, signature: u64, function: F) -> Self {
        Self { name, signature, function }
    }

    /// By what other processes know it.
    pub fn id(&self) -> FunctionId {
        FunctionId::new(self.name, self.signature)
    }
}

impl<F> Deref for RemoteFunction<F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.function
    }
}

impl<F> fmt::Debug for RemoteFunction<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteFunction").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A plain function whose arguments and result can go to another process.
pub trait Remote: Copy + Send + 'static {
    /// Its arguments, as a tuple.
    type Arguments: Send + 'static;
    /// What it returns.
    type Output: JobOutput<Value: Travels> + 'static;

    /// Calls it.
    #[doc(hidden)]
    fn apply(self, arguments: Self::Arguments) -> Self::Output;

    /// Puts the arguments into a parcel.
    #[doc(hidden)]
    fn pack(arguments: Self::Arguments, packer: &mut Packer) -> Result<()>;

    /// Takes them out of one.
    #[doc(hidden)]
    fn unpack(unpacker: &mut Unpacker) -> Result<Self::Arguments>;
}

/// What awaiting a call of `F` gives, if it is no error.
pub(super) type Value<F> = <<F as Remote>::Output as TaskOutput>::Value;

impl<F: Remote> RemoteFunction<F> {
    pub(super) fn with(self, arguments: F::Arguments) -> RemoteCall<Value<F>> {
        RemoteCall::new(self.id(), self.function, arguments, Going::now())
    }
}

/// The forms of a call, by the number of arguments: types alone can tell functions of several arities apart.
macro_rules! arities {
    ($($($argument:ident $type:ident)*;)*) => {$(
        impl<$($type: Travels,)* R: JobOutput<Value: Travels> + 'static> Remote for fn($($type),*) -> R {
            type Arguments = ($($type,)*);
            type Output = R;

            fn apply(self, ($($argument,)*): Self::Arguments) -> R {
                self($($argument),*)
            }

            fn pack(($($argument,)*): Self::Arguments, _packer: &mut Packer) -> Result<()> {
                $(_packer.push($argument)?;)*
                Ok(())
            }

            fn unpack(_unpacker: &mut Unpacker) -> Result<Self::Arguments> {
                Ok(($(_unpacker.take::<$type>()?,)*))
            }
        }

        impl<$($type: Travels,)* R: JobOutput<Value: Travels> + 'static> RemoteFunction<fn($($type),*) -> R> {
            /// The function as it is called on an executor: `function.on(&pool)(arguments).await`.
            ///
            /// The call begins at once, awaited or not; dropping what it gives cancels it. Any executor will do: a
            /// thread pool calls the function here, in a thread.
            #[track_caller]
            pub fn on(self, executor: &dyn Executor) -> impl FnOnce($($type),*) -> RemoteFuture<R::Value> {
                let location = Location::caller();
                move |$($argument),*| RemoteFuture::begin(executor, self.with(($($argument,)*)), location)
            }

            /// A call that an executor takes: for [`submit`](Executor::submit),
            /// [`run_in_executor`](crate::EventLoop::run_in_executor), and the initializer of a pool.
            pub fn call(self, $($argument: $type),*) -> RemoteCall<R::Value> {
                self.with(($($argument,)*))
            }
        }
    )*};
}

arities! {
    ;
    a A;
    a A b B;
    a A b B c C;
    a A b B c C d D;
    a A b B c C d D e E;
    a A b B c C d D e E f F;
}

impl<A: Travels, R: JobOutput<Value: Travels> + 'static> RemoteFunction<fn(A) -> R> {
    /// A call for each item, made by one worker one after the other.
    pub(super) fn chunk(self, items: Vec<A>) -> RemoteCall<Vec<R::Value>> {
        let items = items.into_iter().map(|item| (item,)).collect();
        RemoteCall::of_chunk(self.id(), self.function, items, Going::now())
    }
}

/// When the caller of the remote function that runs on this thread stops waiting, if it does: the earliest deadline of
/// the [timeouts](crate::timeout) around the call. `None`: there is none, or no remote function runs here.
///
/// The caller's cancel ends the worker anyway. This is for a function that wants to give what it has before that.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
///
/// #[asyncio::remote]
/// fn best_move(position: String) -> asyncio::Result<u32> {
///     let mut depth = 0;
///     while depth < 3 && asyncio::remote_deadline().is_none_or(|deadline| Instant::now() < deadline) {
///         depth += 1; // look deeper
///     }
///     Ok(depth + u32::from(position.is_empty()))
/// }
///
/// # fn main() -> asyncio::Result<()> {
/// assert_eq!(best_move("e2e4".to_owned())?, 3); // a plain call, and no deadline
/// # Ok(())
/// # }
/// ```
pub fn remote_deadline() -> Option<Instant> {
    super::call::deadline()
}

/// A length of time as it travels.
pub(super) fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
