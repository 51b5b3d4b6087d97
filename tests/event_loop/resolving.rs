//! `getaddrinfo`, `getnameinfo` and what stands behind them.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;

use ::log::Level;
use asyncio::testing::StaticResolver;
use asyncio::{AddrInfo, AddrInfoQuery, AddressFamily, Error, EventLoop, Resolver, ResolverFuture, SystemResolver};

use crate::support::journal::Journal;
use crate::support::net::{off_loop, running};
use crate::support::script::Script;
use crate::support::tasks::{HOUR, seconds, tick};
use crate::support::{log, quiet};

/// Answers nothing, and keeps what it was asked.
#[derive(Clone, Default)]
struct Asked(Rc<RefCell<Vec<AddrInfoQuery>>>);

impl Resolver for Asked {
    fn getaddrinfo(&self, query: AddrInfoQuery) -> ResolverFuture<Vec<AddrInfo>> {
        self.0.borrow_mut().push(query);
        Box::pin(async { Ok(Vec::new()) })
    }
}

fn addresses(found: &[AddrInfo]) -> Vec<String> {
    found.iter().map(|info| info.address.to_string()).collect()
}

fn reason_of(error: Error, host: &str) -> ErrorKind {
    let Error::ResolveError(error) = error else { panic!("{error}") };
    assert_eq!(error.host, host);
    error.reason.kind()
}

#[asyncio::test(timeout = "20s")]
async fn the_system_is_asked_for_names() {
    let found = running()
        .getaddrinfo("localhost", "80")
        .family(AddressFamily::Ipv4)
        .socket_type(libc::SOCK_STREAM)
        .proto(libc::IPPROTO_TCP)
        .flags(libc::AI_CANONNAME)
        .await
        .unwrap();
    assert_eq!(addresses(&found), ["127.0.0.1:80"]);
    assert_eq!((found[0].socket_type, found[0].proto), (libc::SOCK_STREAM, libc::IPPROTO_TCP));
    assert_eq!((found[0].canonname.as_deref(), found[0].family()), (Some("localhost"), AddressFamily::Ipv4));
}

#[asyncio::test(timeout = "20s")]
async fn a_port_may_be_the_name_of_a_service() {
    let found = running().getaddrinfo("127.0.0.1", "http").socket_type(libc::SOCK_STREAM).await.unwrap();
    assert_eq!(addresses(&found), ["127.0.0.1:80"]);
    let error = running().getaddrinfo("127.0.0.1", "no-such-service").await.unwrap_err();
    assert!(matches!(error, Error::ResolveError(_)), "{error}");
    assert!(error.to_string().contains("no-such-service"), "{error}");
}

#[asyncio::test(timeout = "20s")]
async fn numbers_reach_neither_a_thread_nor_the_resolver() {
    let asked = Asked::default();
    running().set_resolver(asked.clone());
    let any_type = running().getaddrinfo("::1", 80).await.unwrap();
    assert!(any_type.iter().all(|info| info.address.to_string() == "[::1]:80"), "{any_type:?}");
    assert!(any_type.iter().any(|info| info.socket_type == libc::SOCK_DGRAM), "{any_type:?}");
    let passive = running().getaddrinfo("", 80).family(AddressFamily::Ipv4).flags(libc::AI_PASSIVE);
    assert_eq!(addresses(&passive.socket_type(libc::SOCK_STREAM).await.unwrap()), ["0.0.0.0:80"]);
    let error = running().getaddrinfo("127.0.0.1", 80).family(AddressFamily::Ipv6).await.unwrap_err();
    assert!(matches!(error, Error::ResolveError(_)), "{error}");
    assert!(asked.0.borrow().is_empty());
}

#[asyncio::test(timeout = "20s")]
async fn a_resolver_gets_the_whole_question() {
    let asked = Asked::default();
    running().set_resolver(asked.clone());
    let event_loop = running();
    let question =
        event_loop.getaddrinfo("a.test", "http").family(AddressFamily::Ipv6).socket_type(2).proto(17).flags(1);
    assert_eq!(question.await.unwrap(), []);
    let query = asked.0.borrow()[0].clone();
    assert_eq!((&*query.host, &*query.port, query.family), ("a.test", "http", Some(AddressFamily::Ipv6)));
    assert_eq!((query.socket_type, query.proto, query.flags), (2, 17, 1));
}

#[asyncio::test(timeout = "20s")]
async fn connections_and_servers_go_through_the_resolver() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_connection_no_getaddrinfo, …_multiple
    let script = || Script::new(&Journal::default());
    running().set_resolver(StaticResolver::new().host("here.test", ["127.0.0.1"]).host("none.test", [""; 0]));
    let server = running().create_server(script, ["here.test", "here.test"], 0).await.unwrap();
    assert_eq!(server.sockets().len(), 1);
    let port = server.sockets()[0].getsockname().unwrap().port();
    let (transport, _) =
        running().create_connection(script, "here.test", port).local_addr("here.test", 0).await.unwrap();
    assert_eq!(transport.peername().unwrap().to_string(), format!("127.0.0.1:{port}"));
    transport.close();
    server.close();
    let error = running().create_connection(script, "none.test", port).await.unwrap_err();
    assert!(error.to_string().ends_with("the host has no address: none.test"), "{error}");
    let error = running().create_connection(script, "localhost", port).await.unwrap_err();
    assert_eq!(reason_of(error, "localhost"), ErrorKind::NotFound);
    running().set_resolver(SystemResolver);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (transport, _) =
        running().create_connection(script, "localhost", port).family(AddressFamily::Ipv4).await.unwrap();
    transport.close();
}

#[asyncio::test(virtual_time)]
async fn a_failure_names_the_host_and_the_reason() {
    running().set_resolver(StaticResolver::new().fails("gone.test", "it has moved").delay(seconds(1)));
    let error = running().getaddrinfo("gone.test", 80).await.unwrap_err();
    assert!(error.to_string().contains("\"gone.test\"") && error.to_string().contains("it has moved"), "{error}");
    assert_eq!(
        reason_of(running().getaddrinfo("other.test", 80).await.unwrap_err(), "other.test"),
        ErrorKind::NotFound
    );
}

#[asyncio::test(virtual_time)]
async fn a_time_limit_is_a_failure_to_resolve() {
    running().set_resolver(StaticResolver::new().host("slow.test", ["::1"]).delay(seconds(10)));
    let began = running().time();
    let error = running().getaddrinfo("slow.test", 80).timeout(seconds(3)).await.unwrap_err();
    assert_eq!(reason_of(error, "slow.test"), ErrorKind::TimedOut);
    assert_eq!(running().time() - began, seconds(3));
    assert_eq!(running().getaddrinfo("slow.test", 80).timeout(seconds(11)).await.unwrap().len(), 1);
    let address: SocketAddr = "[::1]:80".parse().unwrap();
    let error = running().getnameinfo(address).flags(0).timeout(seconds(3)).await.unwrap_err();
    assert_eq!(reason_of(error, "[::1]:80"), ErrorKind::TimedOut);
}

#[asyncio::test(virtual_time)]
async fn a_question_can_be_cancelled_before_it_is_asked_while_it_waits_and_as_the_answer_comes() {
    let asked = Asked::default();
    running().set_resolver(asked.clone());
    let before = asyncio::create_task(async { running().getaddrinfo("a.test", 80).await.map(drop) });
    before.cancel();
    assert!(before.await.unwrap_err().is_cancelled());
    assert!(asked.0.borrow().is_empty(), "it never began");

    running().set_resolver(StaticResolver::new().host("slow.test", ["::1"]).delay(HOUR));
    let ask = || asyncio::create_task(async { running().getaddrinfo("slow.test", 80).await.map(drop) });
    let began = running().time();
    let waiting = ask();
    tick().await;
    waiting.cancel();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(running().time(), began);

    let answered = ask();
    let canceller = answered.as_any().clone();
    running().call_later(HOUR, move || assert!(canceller.cancel())).unwrap();
    assert!(answered.await.unwrap_err().is_cancelled(), "the cancel came in the tick of the answer");
}

#[asyncio::test(timeout = "20s")]
async fn a_cancelled_question_to_the_system_leaves_nothing_behind() {
    for ticks in 0..4 {
        let task = asyncio::create_task(async { running().getaddrinfo("localhost", 80).await.map(drop) });
        for _ in 0..ticks {
            tick().await;
        }
        task.cancel();
        let outcome = task.await;
        assert!(outcome.as_ref().is_ok() || outcome.unwrap_err().is_cancelled());
    }
    assert!(!running().getaddrinfo("localhost", 80).await.unwrap().is_empty());
}

#[asyncio::test(timeout = "20s")]
async fn an_address_has_names() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_getnameinfo, through the system itself
    let address: SocketAddr = "127.0.0.1:80".parse().unwrap();
    let expected = off_loop(move || SystemNames::of(address)).await;
    let (host, service) = running().getnameinfo(address).await.unwrap();
    assert_eq!(host, expected.host);
    assert!(service == "http" || service == "80", "{service}");
    running().set_resolver(StaticResolver::new().host("me.test", ["127.0.0.1"]));
    assert_eq!(running().getnameinfo(address).await.unwrap(), ("me.test".to_owned(), "80".to_owned()));
    let numbers = running().getnameinfo(address).flags(libc::NI_NUMERICHOST | libc::NI_NUMERICSERV).await.unwrap();
    assert_eq!(numbers.0, "127.0.0.1", "numbers do not reach the resolver");
}

/// What the hosts file of this machine says, which is where the system looks first.
#[derive(Clone)]
struct SystemNames {
    host: String,
}

impl SystemNames {
    fn of(address: SocketAddr) -> Self {
        let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
        let mut lines = hosts.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let ip = address.ip().to_string();
        let line = lines.find(|words| words.len() > 1 && words[0] == ip);
        Self { host: line.map_or(ip, |words| words[1].to_owned()) }
    }
}

#[test]
fn debug_mode_tells_of_questions_and_more_loudly_of_slow_ones() {
    log::collect();
    quiet::run(async {
        running().set_debug(true);
        running().set_resolver(StaticResolver::new().host("quick.test", ["::1"]));
        running().getaddrinfo("quick.test", 80).await.unwrap();
        running().set_resolver(StaticResolver::new().host("slow.test", ["::1"]).delay(seconds(2)));
        running().getaddrinfo("slow.test", 80).await.unwrap();
    });
    let debug = log::collected(Level::Debug);
    let said = |text: &str| debug.iter().any(|record| record.contains(text));
    assert!(
        said("resolving the host \"quick.test\" took 0.000 ms") && said("resolving the host \"slow.test\""),
        "{debug:?}"
    );
    let info = log::collected(Level::Info);
    assert!(info.iter().any(|record| record == "resolving the host \"slow.test\" took 2000.000 ms"), "{info:?}");
    assert!(!info.iter().any(|record| record.contains("quick.test")), "{info:?}");
}

#[test]
fn a_question_of_another_loop_is_an_error() {
    let other = EventLoop::new().unwrap();
    let asked = other.clone();
    let error = asyncio::run(async move { asked.getaddrinfo("127.0.0.1", 80).await.map(drop) }).unwrap_err();
    assert!(error.to_string().contains("another event loop"), "{error}");
    other.close().unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn a_connection_and_a_server_ask_for_streams() {
    let asked = Asked::default();
    running().set_resolver(asked.clone());
    let script = || Script::new(&Journal::default());
    running().create_connection(script, "name.test", 80).await.unwrap_err();
    running().create_server(script, "name.test", 80).await.unwrap_err();
    let queries = asked.0.borrow();
    assert_eq!(queries.len(), 2);
    assert!(queries.iter().all(|query| query.socket_type == libc::SOCK_STREAM && query.port == "80"), "{queries:?}");
    assert_eq!((queries[0].flags, queries[1].flags), (0, libc::AI_PASSIVE));
}

#[test]
fn a_closed_loop_lets_go_of_its_resolver() {
    let (event_loop, asked) = (EventLoop::new().unwrap(), Asked::default());
    event_loop.set_resolver(asked.clone());
    assert_eq!(Rc::strong_count(&asked.0), 2);
    event_loop.close().unwrap();
    assert_eq!(Rc::strong_count(&asked.0), 1);
}
