//! What commands do to the keys, in virtual time.

use std::time::Duration;

use crate::commands::Database;
use crate::reply::Replies;
use crate::resp::Parser;
use crate::words::Words;

/// The reply to an inline command, errors as the session writes them.
fn ask(database: &Database, line: &str) -> String {
    let mut parser = Parser::default();
    parser.push(line.as_bytes());
    parser.push(b"\n");
    let mut request = parser.next_request().unwrap().unwrap();
    let command = std::str::from_utf8(request.next().unwrap()).unwrap();
    let mut replies = Replies::default();
    if let Err(fault) = database.execute(Words::new(command, request), &mut replies) {
        replies.error(&fault.to_string());
    }
    String::from_utf8_lossy(replies.as_bytes()).replace("\r\n", " ").trim_end().to_owned()
}

fn database() -> Database {
    Database::new(asyncio::get_running_loop().expect("a test runs in a loop"))
}

#[asyncio::test]
async fn commands_give_their_replies() {
    let database = database();
    for (line, reply) in [
        ("get k", "$-1"),
        ("set k v", "+OK"),
        ("get k", "$1 v"),
        ("exists k k nothing", ":2"),
        ("del k nothing", ":1"),
        ("incr n", ":1"),
        ("incr n", ":2"),
        ("get n", "$1 2"),
        ("set n 9223372036854775807", "+OK"),
        ("incr n", "-ERR increment or decrement would overflow"),
        ("set n word", "+OK"),
        ("incr n", "-ERR value is not an integer or out of range"),
        ("lpush l a b c", ":3"),
        ("lpush l d", ":4"),
        ("lrange l 0 -1", "*4 $1 d $1 c $1 b $1 a"),
        ("lrange l 1 2", "*2 $1 c $1 b"),
        ("lrange l -2 100", "*2 $1 b $1 a"),
        ("lrange l 3 1", "*0"),
        ("lrange l -9223372036854775808 9223372036854775807", "*4 $1 d $1 c $1 b $1 a"),
        ("lrange nothing 0 -1", "*0"),
        ("get l", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("incr l", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("lpush n x", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("echo hello", "$5 hello"),
        ("config get save", "*2 $4 save $0"),
        ("config get port", "*0"),
        ("command", "*0"),
    ] {
        assert_eq!(ask(&database, line), reply, "{line}");
    }
}

#[asyncio::test]
async fn wrong_arguments_are_refused_and_change_nothing() {
    let database = database();
    assert_eq!(ask(&database, "set k v"), "+OK");
    for line in [
        "get",
        "get k k",
        "set k",
        "set k v w",
        "set k v ex",
        "set k v ex 0",
        "set k v px -1",
        "set k v ex 1 px 1",
        "set k v nx xx",
        "set k v ex 9223372036854775807",
        "incr",
        "incr k k",
        "del",
        "exists",
        "expire k",
        "expire k soon",
        "ttl",
        "lpush k",
        "lrange k 0",
        "lrange k a b",
        "echo",
        "config",
        "config set a b",
        "nonsense",
    ] {
        let reply = ask(&database, line);
        assert!(reply.starts_with("-ERR "), "{line} gave {reply}");
    }
    assert_eq!(ask(&database, "get k"), "$1 v");
    assert_eq!(ask(&database, "ttl k"), ":-1");
}

#[asyncio::test]
async fn set_heeds_whether_the_key_exists() {
    let database = database();
    assert_eq!(ask(&database, "set k 1 xx"), "$-1");
    assert_eq!(ask(&database, "set k 1 NX"), "+OK");
    assert_eq!(ask(&database, "set k 2 nx"), "$-1");
    assert_eq!(ask(&database, "set k 3 XX"), "+OK");
    assert_eq!(ask(&database, "get k"), "$1 3");
}

#[asyncio::test(virtual_time)]
async fn a_key_ends_when_its_time_is_over() {
    let database = database();
    assert_eq!(ask(&database, "set k 1 ex 100"), "+OK");
    assert_eq!(ask(&database, "ttl k"), ":100");
    asyncio::sleep(Duration::from_secs(99)).await;
    assert_eq!(ask(&database, "ttl k"), ":1");
    assert_eq!(ask(&database, "incr k"), ":2", "changing it leaves its end");
    asyncio::sleep(Duration::from_secs(2)).await;
    assert_eq!(ask(&database, "get k"), "$-1");
    assert_eq!(ask(&database, "ttl k"), ":-2");
}

#[asyncio::test(virtual_time)]
async fn an_end_can_be_moved_and_taken_away() {
    let database = database();
    assert_eq!(ask(&database, "expire k 10"), ":0");
    assert_eq!(ask(&database, "set k v px 10000"), "+OK");
    assert_eq!(ask(&database, "expire k 100"), ":1");
    asyncio::sleep(Duration::from_secs(50)).await;
    assert_eq!(ask(&database, "ttl k"), ":50", "the first end is forgotten");
    assert_eq!(ask(&database, "set k w"), "+OK");
    asyncio::sleep(Duration::from_secs(100)).await;
    assert_eq!(ask(&database, "get k"), "$1 w", "setting it anew takes the end away");
    assert_eq!(ask(&database, "expire k -1"), ":1");
    assert_eq!(ask(&database, "exists k"), ":0");
}
