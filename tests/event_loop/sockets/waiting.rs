//! Several at one socket, and cancels at every moment: nothing is lost.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use asyncio::{Socket, Task};

use super::{fill, message_pair, pair, until_it_waits};
use crate::support::net::{running, settle};
use crate::support::tasks::{millis, polls_within, tick, ticks};

fn receiving(sock: &Rc<Socket>) -> Task<Vec<u8>> {
    let sock = sock.clone();
    asyncio::create_task(async move { running().sock_recv(&sock, 1024).await })
}

#[asyncio::test(timeout = "20s")]
async fn those_who_wait_are_served_in_their_order() {
    let (near, far) = message_pair();
    let far = Rc::new(far);
    let tasks = [receiving(&far), receiving(&far), receiving(&far)];
    until_it_waits(&tasks[2]).await;
    for message in [b"1", b"2", b"3"] {
        running().sock_sendall(&near, message).await.unwrap();
    }
    let mut received = Vec::new();
    for task in tasks {
        received.push(task.await.unwrap());
    }
    assert_eq!(received, [b"1", b"2", b"3"]);
}

#[asyncio::test(timeout = "20s")]
async fn whoever_comes_too_late_waits_for_the_next() {
    let (near, far) = message_pair();
    let far = Rc::new(far);
    let (first, second) = (receiving(&far), receiving(&far));
    until_it_waits(&second).await;
    running().sock_sendall(&near, b"1").await.unwrap();
    assert_eq!(first.await.unwrap(), b"1");
    until_it_waits(&second).await;
    running().sock_sendall(&near, b"2").await.unwrap();
    assert_eq!(second.await.unwrap(), b"2");
}

#[asyncio::test(timeout = "20s")]
async fn who_was_polled_for_another_task_before_is_woken() {
    let (near, far) = pair();
    let event_loop = running();
    let mut receiving = pin!(event_loop.sock_recv(&far, 16));
    assert!(receiving.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let sending = asyncio::create_task(async move {
        settle().await;
        running().sock_sendall(&near, b"1").await
    });
    assert_eq!(receiving.await.unwrap(), b"1");
    sending.await.unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn a_cancelled_receiver_takes_nothing_from_the_next() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_sock_client_racing (recv, recv_into)
    let (near, far) = pair();
    let far = Rc::new(far);
    let cancelled = receiving(&far);
    tick().await;
    cancelled.cancel();
    let sending = asyncio::create_task(async move { running().sock_sendall(&near, b"TEST").await });
    let mut buf = [0; 16];
    assert_eq!(running().sock_recv_into(&far, &mut buf).await.unwrap(), 4);
    assert_eq!(&buf[..4], b"TEST");
    assert!(cancelled.await.unwrap_err().is_cancelled());
    sending.await.unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn a_receiver_that_is_cancelled_when_it_was_woken_takes_nothing() {
    let (near, far) = message_pair();
    let (far, second) = (Rc::new(far), Rc::new(RefCell::new(None::<Task<Vec<u8>>>)));
    let (sock, cancelled) = (far.clone(), second.clone());
    let first = asyncio::create_task(async move {
        let received = running().sock_recv(&sock, 16).await?;
        cancelled.borrow().as_ref().unwrap().cancel();
        Ok::<_, asyncio::Error>(received)
    });
    until_it_waits(&first).await;
    *second.borrow_mut() = Some(receiving(&far));
    settle().await;
    // There is something for both, and both are woken.
    for message in [b"1", b"2"] {
        near.send(message).unwrap();
    }
    assert_eq!(first.await.unwrap(), b"1");
    let second = second.take().unwrap();
    assert!(second.await.unwrap_err().is_cancelled());
    assert_eq!(running().sock_recv(&far, 16).await.unwrap(), b"2");
}

#[asyncio::test(timeout = "20s")]
async fn a_cancelled_sender_sends_nothing_more() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_sock_client_racing (send)
    let (near, far) = pair();
    let near = Rc::new(near);
    fill(&near, 1);
    let of_task = near.clone();
    let cancelled = asyncio::create_task(async move { running().sock_sendall(&of_task, b"hello").await });
    until_it_waits(&cancelled).await;
    cancelled.cancel();
    let collecting = asyncio::create_task(async move {
        let mut received = Vec::new();
        loop {
            let data = running().sock_recv(&far, 8192).await?;
            if data.is_empty() {
                return Ok::<_, asyncio::Error>(received);
            }
            received.extend(data.into_iter().filter(|byte| *byte != b' '));
        }
    });
    running().sock_sendall(&near, b"world").await.unwrap();
    near.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(collecting.await.unwrap(), b"world");
    assert!(cancelled.await.unwrap_err().is_cancelled());
}

#[asyncio::test(timeout = "20s")]
async fn a_cancel_before_the_first_poll_takes_nothing() {
    let (near, far) = pair();
    let far = Rc::new(far);
    running().sock_sendall(&near, b"stays").await.unwrap();
    let task = receiving(&far);
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(running().sock_recv(&far, 16).await.unwrap(), b"stays");
}

#[asyncio::test(timeout = "20s")]
async fn a_cancel_around_the_report_loses_no_byte() {
    for moment in 0..6 {
        let (near, far) = pair();
        let far = Rc::new(far);
        let task = receiving(&far);
        until_it_waits(&task).await;
        near.send(b"data").unwrap();
        ticks(moment).await;
        let data = if task.cancel() {
            assert!(task.await.unwrap_err().is_cancelled(), "cancelled after {moment} ticks");
            running().sock_recv(&far, 16).await.unwrap()
        } else {
            task.await.unwrap()
        };
        assert_eq!(data, b"data", "cancelled after {moment} ticks");
    }
}

#[asyncio::test(timeout = "20s")]
async fn a_wake_up_that_its_receiver_cannot_use_reaches_the_next() {
    for moment in 0..6 {
        let (near, far) = message_pair();
        let far = Rc::new(far);
        let (first, second) = (receiving(&far), receiving(&far));
        until_it_waits(&second).await;
        near.send(b"1").unwrap();
        ticks(moment).await;
        if first.cancel() {
            assert!(first.await.unwrap_err().is_cancelled(), "cancelled after {moment} ticks");
        } else {
            assert_eq!(first.await.unwrap(), b"1");
            near.send(b"2").unwrap();
        }
        assert_eq!(second.await.unwrap().len(), 1, "cancelled after {moment} ticks");
    }
}

#[asyncio::test(timeout = "20s")]
async fn a_branch_that_loses_takes_nothing() {
    let (near, far) = pair();
    let outcome = asyncio::timeout(millis(5), async { running().sock_recv(&far, 16).await }).await;
    assert!(outcome.unwrap_err().is_timeout());
    near.send(b"late").unwrap();
    assert_eq!(running().sock_recv(&far, 16).await.unwrap(), b"late");
}

#[asyncio::test(timeout = "20s")]
async fn who_waits_is_not_polled_and_can_be_seen() {
    let (_near, far) = pair();
    let far = Rc::new(far);
    let task = receiving(&far);
    until_it_waits(&task).await;
    let graph = asyncio::format_call_graph(Some(&task.as_any())).unwrap();
    assert!(graph.contains("waits for the socket "), "{graph}");
    assert!(polls_within(millis(5)).await <= 2);
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test(timeout = "20s")]
async fn a_poll_without_a_report_makes_no_attempt() {
    let (near, far) = pair();
    let mut receive = std::pin::pin!(running().sock_recv(&far, 16));
    let mut polls = 0;
    let data = std::future::poll_fn(|cx| {
        polls += 1;
        if polls == 2 {
            // The report of this is not here yet, and only that is a reason to try.
            near.send(b"x").unwrap();
            let poll = receive.as_mut().poll(cx);
            assert!(poll.is_pending());
            return std::task::Poll::Pending;
        }
        if polls == 1 {
            cx.waker().wake_by_ref();
        }
        receive.as_mut().poll(cx)
    });
    assert_eq!(data.await.unwrap(), b"x");
    settle().await;
}
