#![doc = include_str!("../../README.md")]

// Generated code names `::asyncio`, in this crate's own tests as well.
extern crate self as asyncio;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod asyncgens;
mod cancellation;
mod clock;
pub mod constants;
mod context;
mod coroutine;
mod debug;
mod endpoints;
mod event_loop;
mod exceptions;
mod executor;
mod future;
pub mod guide;
mod handle;
mod inspect;
mod log;
mod net;
#[cfg(feature = "process-pool")]
mod process_pool;
mod protocols;
mod queues;
mod runner;
mod scope;
mod sealed;
mod select;
mod signals;
#[cfg(feature = "tls")]
pub mod ssl;
mod streams;
pub mod subprocess;
mod sync;
#[expect(unsafe_code, reason = "the operating system; see the head of the room")]
mod sys;
mod task;
mod taskgroup;
pub mod testing;
mod timeouts;
mod timers;
#[cfg(feature = "tls")]
mod tls;
mod trace;
mod transports;
mod wait;

pub use asyncgens::AsyncCleanup;
#[cfg(all(feature = "macros", feature = "process-pool"))]
pub use asyncio_macros::remote;
#[cfg(feature = "macros")]
pub use asyncio_macros::{coroutine, finally, gather, main, protocol, select, test};
pub use clock::{Clock, SystemClock};
pub use context::{Context, ContextVar, Token, copy_context};
pub use coroutine::{Coroutine, iscoroutine};
pub use endpoints::{
    ConnectAcceptedSocket, CreateConnection, CreateDatagramEndpoint, CreateServer, CreateUnixConnection,
    CreateUnixServer, Creating, PipeServer, Server,
};
pub use event_loop::{
    AbstractEventLoop, ContextValue, EventLoop, EventLoopBuilder, ExceptionContext, ExceptionHandler, LoopHandle,
    SelectorEventLoop, get_event_loop, get_running_loop, new_event_loop, set_event_loop,
};
#[expect(deprecated, reason = "exported under the names that Python documents")]
pub use event_loop::{EventLoopPolicy, get_event_loop_policy, set_event_loop_policy};
#[cfg(feature = "process-pool")]
pub use exceptions::RemoteError;
pub use exceptions::{
    CancelledError, Error, ExceptionGroup, IncompleteReadError, InvalidStateError, Leaves, LimitOverrunError, Message,
    OsError, Other, Panic, ResolveError, Result, SslError, SslReason, TimeoutError,
};
pub use executor::{
    Executor, ExecutorFuture, ExecutorFutureAwait, IntoJob, Job, JobOutput, Map, ShutdownOptions, ThreadPoolExecutor,
    ThreadPoolExecutorBuilder, ToThread, run_coroutine_threadsafe, to_thread,
};
#[cfg(feature = "process-pool")]
pub use executor::{FunctionId, Lease, Parcel, RemoteJob};
pub use future::{CallbackId, ConcurrentFuture, Future, FutureAwait, FutureLike, isfuture, wrap_future};
pub use handle::{Handle, TimerHandle};
pub use inspect::{
    CallFrame, CallGraph, FrameCallGraphEntry, FutureCallGraph, GraphNode, Metrics, ProcessTasks, TaskTree,
    capture_call_graph, format_call_graph, future_add_to_awaited_by, future_discard_from_awaited_by, print_call_graph,
};
pub use net::{
    AddrInfo, AddrInfoQuery, AddressFamily, ConnectAddress, GetAddrInfo, GetNameInfo, Hosts, ListenFd, Resolver,
    ResolverFuture, Resolving, SendingFile, SockAccept, SockConnect, SockRecv, SockRecvFrom, SockRecvFromInto,
    SockRecvInto, SockSendAll, SockSendTo, SockSendfile, SystemResolver, listen_fds,
};
#[cfg(feature = "process-pool")]
pub use process_pool::{
    ProcessPoolExecutor, ProcessPoolExecutorBuilder, Remote, RemoteCall, RemoteFunction, RemoteFuture, Travels,
    remote_deadline, serve_if_worker,
};
pub use protocols::{
    BufferedProtocol, ByteOrder, DatagramProtocol, FramedProtocol, Framing, IntoEndpoint, PrefixWidth, Protocol,
    ProtocolHandle,
};
pub use queues::{Get, Join, LifoQueue, PriorityQueue, Put, PutError, Queue, QueueStorage, QueueStream};
pub use runner::{Runner, RunnerBuilder, run};
pub use scope::{Scope, ScopedTask, ScopedTaskAwait, scope};
pub use signals::Signal;
#[cfg(feature = "hyper")]
pub use streams::HyperTimer;
#[cfg(feature = "tls")]
pub use streams::StartStreamTls;
pub use streams::{
    Drain, OpenConnection, OpenReadPipe, OpenUnixConnection, Read, ReadBuf, ReadExactly, ReadInto, ReadLine, ReadToEnd,
    ReadUntil, ReadWith, Separators, StartServer, StartUnixServer, StreamFeeder, StreamPair, StreamReader,
    StreamReaderProtocol, StreamWriter, WaitClosed, open_connection, open_connection_with_sock, open_read_pipe,
    open_stderr, open_stdin, open_stdout, open_unix_connection, open_write_pipe, start_server, start_server_with_sock,
    start_server_with_socks, start_unix_server,
};
pub use subprocess::{
    Process, SubprocessProtocol, SubprocessTransport, create_subprocess_exec, create_subprocess_shell,
};
pub use sync::{
    Acquirable, Acquire, Barrier, BarrierWait, BoundedSemaphore, Condition, ConditionWait, Event, EventWait, Guard,
    Hold, Lock, Semaphore, Truth,
};
pub use sys::{SockAddr, UnixAddress, UserSocket as Socket};
pub use task::{
    AnyTask, Task, TaskAwait, TaskAwaitRef, TaskBuilder, TaskFactory, TaskOptions, TaskOutput, all_tasks,
    create_eager_task_factory, create_task, current_task, eager_task_factory, ensure_future,
};
pub use taskgroup::TaskGroup;
pub use timeouts::{Timeout, WithTimeout, timeout, timeout_at};
#[cfg(feature = "tls")]
pub use tls::{StartTls, Upgrading};
pub use transports::{
    DatagramTransport, ExtraInfo, Sendfile, Transport, TransportDrain, TransportPipe, TransportSocket,
};
pub use wait::{
    AsCompleted, CatchCancelled, Gather, GatherResults, Gathered, Next, ReturnWhen, Shield, Sleep, StaggeredRace, Wait,
    as_completed, catch_cancelled, gather, shield, sleep, staggered_race, wait, wait_for, with_cleanup,
};
