//! Hosts with several addresses, of which some do not answer: Happy Eyeballs, RFC 8305.

use std::cell::Cell;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::time::Duration;

use asyncio::testing::{StaticResolver, VirtualClock};
use asyncio::{AddressFamily, AnyTask, CreateConnection, Error, EventLoop, Task, Transport};

use crate::support::holes::{Hole, listener_at, open_sockets_to};
use crate::support::journal::Journal;
use crate::support::net::{running, settle};
use crate::support::script::Script;

const DELAY: Duration = Duration::from_millis(250);

fn script() -> Script {
    Script::new(&Journal::default())
}

/// A connection to a host with these addresses, in this order.
fn connect(addresses: &[&str], port: u16) -> CreateConnection<Script> {
    running().set_resolver(StaticResolver::new().host("peer.test", addresses));
    running().create_connection(script, "peer.test", port)
}

/// The same, as a task.
fn connecting(addresses: &[&str], port: u16) -> Task<Transport> {
    let connection = connect(addresses, port);
    asyncio::create_task(async move { Ok::<_, Error>(connection.await?.0) })
}

/// Where it got to, and how long that took.
async fn outcome(connection: CreateConnection<Script>) -> (String, Duration) {
    let began = running().time();
    let (transport, _) = connection.await.unwrap();
    let peer = transport.peername().unwrap().ip().to_string();
    transport.abort();
    (peer, running().time() - began)
}

#[asyncio::test(virtual_time)]
async fn an_address_that_does_not_answer_costs_a_quarter_of_a_second() {
    let hole = Hole::at("127.0.1.1", 0);
    let _good = listener_at("127.0.1.2", hole.port());
    let connection = connect(&["127.0.1.1", "127.0.1.2"], hole.port());
    assert_eq!(outcome(connection).await, ("127.0.1.2".to_owned(), DELAY));
    assert_eq!(hole.waiting(), 0, "the loser was closed");
}

#[asyncio::test(virtual_time)]
async fn an_address_that_answers_leaves_the_others_alone() {
    let hole = Hole::at("127.0.1.3", 0);
    let _good = listener_at("127.0.1.4", hole.port());
    let connection = connect(&["127.0.1.4", "127.0.1.3"], hole.port());
    assert_eq!(outcome(connection).await, ("127.0.1.4".to_owned(), Duration::ZERO));
    assert_eq!(hole.waiting(), 0);
}

#[asyncio::test(virtual_time)]
async fn a_failure_begins_the_next_attempt_at_once() {
    let hole = Hole::at("127.0.1.6", 0);
    let _good = listener_at("127.0.1.8", hole.port());
    // The first and the third refuse; only the second is waited for.
    let connection = connect(&["127.0.1.5", "127.0.1.6", "127.0.1.7", "127.0.1.8"], hole.port());
    assert_eq!(outcome(connection).await, ("127.0.1.8".to_owned(), DELAY));
}

#[asyncio::test(virtual_time)]
async fn the_families_take_turns_as_interleave_says() {
    let first = Hole::at("127.0.1.9", 0);
    let port = first.port();
    let second = Hole::at("127.0.1.10", port);
    let _good = listener_at("::1", port);
    let addresses = ["127.0.1.9", "127.0.1.10", "::1"];
    assert_eq!(outcome(connect(&addresses, port)).await, ("::1".to_owned(), DELAY));
    assert_eq!(outcome(connect(&addresses, port).interleave(1)).await, ("::1".to_owned(), DELAY));
    assert_eq!(outcome(connect(&addresses, port).interleave(2)).await, ("::1".to_owned(), DELAY * 2));
    assert_eq!(outcome(connect(&addresses, port).interleave(0)).await, ("::1".to_owned(), DELAY * 2));
    assert_eq!((first.waiting(), second.waiting()), (0, 0));
}

#[asyncio::test(virtual_time)]
async fn the_delay_can_be_chosen() {
    let hole = Hole::at("127.0.1.11", 0);
    let _good = listener_at("127.0.1.12", hole.port());
    let delay = Duration::from_millis(10);
    let connection = connect(&["127.0.1.11", "127.0.1.12"], hole.port()).happy_eyeballs_delay(delay);
    assert_eq!(outcome(connection).await, ("127.0.1.12".to_owned(), delay));
}

#[asyncio::test(virtual_time)]
async fn without_a_delay_only_a_failure_leads_to_the_next_address() {
    let hole = Hole::at("127.0.1.13", 0);
    let port = hole.port();
    let _good = listener_at("127.0.1.14", port);
    let waiting = connect(&["127.0.1.13", "127.0.1.14"], port).happy_eyeballs_delay(None);
    let waiting = async move { waiting.await.map(drop) };
    let error = asyncio::timeout(Duration::from_secs(60), waiting).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(hole.waiting(), 0);
    let refused_first = connect(&["127.0.1.15", "127.0.1.14"], port).happy_eyeballs_delay(None);
    assert_eq!(outcome(refused_first).await, ("127.0.1.14".to_owned(), Duration::ZERO));
    // The order is the resolver's: the other family does not come in between.
    let kept = connect(&["127.0.1.15", "127.0.1.14", "::1"], port).happy_eyeballs_delay(None);
    let _other = listener_at("::1", port);
    assert_eq!(outcome(kept).await, ("127.0.1.14".to_owned(), Duration::ZERO));
}

#[asyncio::test(virtual_time)]
async fn a_family_that_was_asked_for_is_the_only_one_that_is_tried() {
    let v4 = listener_at("127.0.1.16", 0);
    let port = v4.local_addr().unwrap().port();
    let _v6 = listener_at("::1", port);
    let connection = connect(&["::1", "127.0.1.16"], port).family(AddressFamily::Ipv4);
    assert_eq!(outcome(connection).await, ("127.0.1.16".to_owned(), Duration::ZERO));
    let none = connect(&["127.0.1.16"], port).family(AddressFamily::Ipv6).await.unwrap_err();
    assert!(none.to_string().contains("peer.test"), "{none}");
}

#[asyncio::test(virtual_time)]
async fn a_local_address_serves_the_attempts_of_its_family() {
    // CPython: test_events.EventLoopTestsMixin.test_create_connection_local_addr_skip_different_family
    let v4 = listener_at("127.0.1.17", 0);
    let port = v4.local_addr().unwrap().port();
    let _v6 = listener_at("::1", port);
    let (transport, _) = connect(&["::1", "127.0.1.17"], port).local_addr("127.0.1.18", 0).await.unwrap();
    assert_eq!(transport.peername().unwrap(), v4.local_addr().unwrap());
    assert_eq!(transport.sockname().unwrap().ip().to_string(), "127.0.1.18");
    transport.abort();
    // CPython: test_base_events.…test_create_connection_multiple_errors_local_addr, test_create_connection_no_local_addr
    let error = connect(&["127.0.1.17", "::1"], port).local_addr("127.0.1.17", port).await.unwrap_err().to_string();
    let (taken, none) = ("error while attempting to bind on address", "no matching local address was found");
    assert!(error.find(taken).unwrap() < error.find(none).unwrap(), "{error}");
}

#[asyncio::test(timeout = "20s")]
async fn attempts_that_run_at_the_same_time_share_a_local_port() {
    let hole = Hole::at("127.0.1.40", 0);
    let there = listener_at("127.0.1.41", hole.port());
    let free = TcpListener::bind("127.0.1.42:0").unwrap().local_addr().unwrap();
    let connection = connect(&["127.0.1.40", "127.0.1.41"], hole.port()).local_addr("127.0.1.42", free.port());
    let (transport, _) = connection.happy_eyeballs_delay(Duration::from_millis(1)).await.unwrap();
    assert_eq!((transport.sockname(), transport.peername()), (Some(free), there.local_addr().ok()));
    transport.abort();
}

#[asyncio::test(virtual_time)]
async fn failures_are_told_in_the_order_of_the_attempts() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_connection_multiple_errors
    let unused = TcpListener::bind("127.0.1.19:0").unwrap().local_addr().unwrap().port();
    let addresses = ["127.0.1.20", "127.0.1.21", "::1"];
    let text = connect(&addresses, unused).await.unwrap_err().to_string();
    let order: Vec<_> = ["127.0.1.20", "::1", "127.0.1.21"].map(|address| text.find(address).unwrap()).into();
    assert!(order.is_sorted() && text.contains("Multiple exceptions: "), "{text}");
    let error = connect(&addresses, unused).all_errors(true).await.unwrap_err();
    let Error::ExceptionGroup(group) = error else { panic!("{error} is no group") };
    let texts: Vec<String> = group.exceptions().iter().map(ToString::to_string).collect();
    assert!(texts[0].contains(".20") && texts[1].contains("::1") && texts[2].contains(".21"), "{texts:?}");
}

#[asyncio::test(timeout = "20s")]
async fn an_attempt_that_fails_late_keeps_its_place_among_the_errors() {
    let hole = Hole::at("127.0.1.22", 0);
    let port = hole.port();
    let attempt = connect(&["127.0.1.22", "127.0.1.23"], port).happy_eyeballs_delay(Duration::from_millis(1));
    let attempt = asyncio::create_task(async move { attempt.await.map(drop) });
    while hole.waiting() == 0 {
        settle().await;
    }
    // The system asks again after a second, and is refused.
    drop(hole);
    let text = attempt.await.unwrap_err().to_string();
    assert!(text.find("127.0.1.22").unwrap() < text.find("127.0.1.23").unwrap(), "{text}");
}

#[asyncio::test(timeout = "20s")]
async fn an_earlier_attempt_may_still_win() {
    let slow = Hole::at("127.0.1.24", 0);
    let port = slow.port();
    let never = Hole::at("127.0.1.25", port);
    let attempt = connect(&["127.0.1.24", "127.0.1.25"], port).happy_eyeballs_delay(Duration::from_millis(1));
    let attempt = asyncio::create_task(async move { Ok::<_, Error>(attempt.await?.0) });
    while never.waiting() == 0 {
        settle().await;
    }
    let _listener = slow.open();
    let transport = attempt.await.unwrap();
    assert_eq!(transport.peername().unwrap().ip().to_string(), "127.0.1.24");
    assert_eq!(never.waiting(), 0);
    transport.abort();
}

#[asyncio::test(virtual_time)]
async fn a_cancel_closes_all_that_was_begun() {
    let first = Hole::at("127.0.1.26", 0);
    let port = first.port();
    let second = Hole::at("127.0.1.27", port);
    let addresses = ["127.0.1.26", "127.0.1.27"];
    let unpolled = connecting(&addresses, port);
    unpolled.cancel();
    assert!(unpolled.await.unwrap_err().is_cancelled());
    let waiting = connecting(&addresses, port);
    asyncio::sleep(DELAY * 2).await;
    assert_eq!((first.waiting(), second.waiting()), (1, 1));
    waiting.cancel();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!((first.waiting(), second.waiting()), (0, 0));
}

#[test]
fn a_cancel_in_any_tick_leaves_either_a_connection_or_nothing() {
    // Else the kernel would be asked once in many ticks only.
    let event_loop = EventLoop::builder().strict(true).clock(VirtualClock::new()).build().unwrap();
    event_loop.run_until_complete(cancelled_in_each_tick()).unwrap();
    event_loop.close().unwrap();
}

async fn cancelled_in_each_tick() {
    let hole = Hole::at("127.0.1.28", 0);
    let port = hole.port();
    let good = listener_at("127.0.1.29", port);
    good.set_nonblocking(true).unwrap();
    let outcomes: [Cell<usize>; 2] = Default::default();
    for ticks in 0..24 {
        let attempt = connecting(&["127.0.1.28", "127.0.1.29"], port);
        asyncio::sleep(DELAY).await;
        for _ in 0..ticks {
            asyncio::sleep(Duration::ZERO).await;
        }
        attempt.cancel();
        let outcome = attempt.await;
        let connected = usize::from(outcome.is_ok());
        outcomes[connected].set(outcomes[connected].get() + 1);
        settle().await;
        assert_eq!(hole.waiting(), 0, "after {ticks} ticks");
        assert_eq!(open_sockets_to(good.local_addr().unwrap()), connected, "after {ticks} ticks");
        if let Ok(transport) = outcome {
            transport.abort();
            settle().await;
        }
        while good.accept().is_ok() {}
    }
    assert!(outcomes.iter().all(|count| count.get() > 0), "it was cancelled before, and after: {outcomes:?}");
}

#[asyncio::test(virtual_time)]
async fn a_cancel_by_the_protocol_itself_closes_the_connection() {
    let good = listener_at("127.0.1.30", 0);
    let address: SocketAddr = good.local_addr().unwrap();
    running().set_resolver(StaticResolver::new().host("peer.test", ["127.0.1.31", "127.0.1.30"]));
    for in_factory in [true, false] {
        let task: Rc<Cell<Option<AnyTask>>> = Rc::default();
        let (told, event_loop) = (task.clone(), running());
        let cancel = move || told.take().into_iter().for_each(|task| assert!(task.cancel()));
        let attempt = asyncio::create_task(async move {
            let factory = move || {
                if in_factory {
                    cancel();
                    return script();
                }
                script().on_made(move |_| {
                    cancel();
                    Ok(())
                })
            };
            event_loop.create_connection(factory, "peer.test", address.port()).await.map(drop)
        });
        task.set(Some(attempt.as_any().clone()));
        assert!(attempt.await.unwrap_err().is_cancelled());
        settle().await;
        assert_eq!(open_sockets_to(address), 0);
        drop(good.accept().unwrap());
    }
}

#[asyncio::test(virtual_time)]
async fn numbers_are_not_looked_up_but_those_with_a_scope_are() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_connection_ip_addr, …_ipv6_scope
    let good = listener_at("::1", 0);
    let port = good.local_addr().unwrap().port();
    running().set_resolver(StaticResolver::new().host("::1%nowhere", ["::1"]));
    for host in ["::1", "::1%nowhere"] {
        let (transport, _) = running().create_connection(script, host, port).await.unwrap();
        assert_eq!(transport.peername(), Some(good.local_addr().unwrap()));
        transport.abort();
    }
    let error = running().create_connection(script, "localhost", port).await.unwrap_err();
    assert!(matches!(error, Error::ResolveError(_)), "only the resolver is asked: {error}");
}

#[asyncio::test(virtual_time)]
async fn an_option_that_would_do_nothing_is_refused() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_connection_host_port_sock
    let pair = || std::os::unix::net::UnixStream::pair().unwrap().0;
    let error = running().create_connection_with_sock(script, pair()).interleave(2).await.unwrap_err();
    assert!(matches!(error, Error::ValueError(_)) && error.to_string().contains("interleave()"), "{error}");
    let error = running().create_connection_with_sock(script, pair()).local_addr("::1", 0).await.unwrap_err();
    assert!(matches!(error, Error::ValueError(_)) && error.to_string().contains("local_addr()"), "{error}");
}
