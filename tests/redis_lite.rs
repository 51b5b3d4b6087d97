//! The example `redis_lite`, file by file: its parser against every way in which bytes can come, and whole
//! connections with a client that knows nothing of this crate.

#[path = "../examples/redis_lite/commands.rs"]
mod commands;
#[path = "../examples/redis_lite/hub.rs"]
mod hub;
#[path = "../examples/redis_lite/keys.rs"]
mod keys;
#[path = "../examples/redis_lite/reply.rs"]
mod reply;
#[path = "../examples/redis_lite/resp.rs"]
mod resp;
#[path = "../examples/redis_lite/session.rs"]
mod session;
#[path = "../examples/redis_lite/words.rs"]
mod words;

#[path = "redis_lite/connection.rs"]
mod connection;
#[path = "redis_lite/execution.rs"]
mod execution;
#[path = "redis_lite/parser.rs"]
mod parser;
#[path = "redis_lite/pieces.rs"]
mod pieces;
