//! `pause_writing` and `resume_writing`.

use asyncio::Error;

use crate::support::journal::Journal;
use crate::support::net::{Reports, clog, connected, connected_narrowly, fill, read_all, send, settle};
use crate::support::script::Script;

#[asyncio::test(timeout = "10s")]
async fn the_limits_follow_from_each_other_and_are_checked() {
    // CPython: test_transports.TransportTests.test_flowcontrol_mixin_set_write_limits (B 45)
    let (transport, _, _peer) = connected(Script::new(&Journal::default())).await;
    assert_eq!(transport.get_write_buffer_limits(), (16 * 1024, 64 * 1024), "low before high");
    transport.set_write_buffer_limits(1024, 128).unwrap();
    assert_eq!(transport.get_write_buffer_limits(), (128, 1024));
    transport.set_write_buffer_limits(400, None).unwrap();
    assert_eq!(transport.get_write_buffer_limits(), (100, 400));
    transport.set_write_buffer_limits(None, 100).unwrap();
    assert_eq!(transport.get_write_buffer_limits(), (100, 400));
    transport.set_write_buffer_limits(0, None).unwrap();
    assert_eq!(transport.get_write_buffer_limits(), (0, 0));
    let refused = transport.set_write_buffer_limits(100, 101).unwrap_err();
    assert!(matches!(refused, Error::ValueError(_)), "{refused}");
    assert_eq!(transport.get_write_buffer_limits(), (0, 0), "a refused call changes nothing");
    transport.set_write_buffer_limits(None, None).unwrap();
    assert_eq!(transport.get_write_buffer_limits(), (16 * 1024, 64 * 1024));
}

#[asyncio::test(timeout = "10s")]
async fn new_limits_below_the_present_size_pause_at_once() {
    // CPython: test_transports.TransportTests.test_flowcontrol_mixin_set_write_limits (B 45)
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
    fill(&transport);
    assert_eq!(journal.entries(), ["made"]);
    transport.set_write_buffer_limits(0, None).unwrap();
    assert_eq!(journal.entries(), ["made", "pause"], "from inside the call");
    transport.set_write_buffer_limits(1 << 20, None).unwrap();
    assert_eq!(journal.entries(), ["made", "pause"], "only a smaller buffer resumes");
    transport.close();
    read_all(peer).await;
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "pause", "resume", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn pause_writing_is_called_from_inside_the_write_that_exceeds_the_limit() {
    let journal = Journal::default();
    let (transport, _, _peer) = connected_narrowly(Script::new(&journal)).await;
    fill(&transport);
    let room = transport.get_write_buffer_limits().1 - transport.get_write_buffer_size();
    transport.write(&vec![b'x'; room]);
    assert_eq!(journal.entries(), ["made"], "at the limit is not above it");
    transport.write(b"x");
    assert_eq!(journal.entries(), ["made", "pause"]);
    transport.write(b"x");
    assert_eq!(journal.entries(), ["made", "pause"], "once");
}

#[asyncio::test(timeout = "10s")]
async fn pausing_and_resuming_alternate() {
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
    transport.set_write_buffer_limits(4096, 1024).unwrap();
    let reader = asyncio::create_task(async move { Ok::<_, Error>(read_all(peer).await.len()) });
    let mut written = 0;
    for round in 1..=5 {
        while journal.count("pause") < round {
            transport.write(&[b'x'; 1000]);
            written += 1000;
        }
        journal.until(|entries| entries.iter().filter(|entry| *entry == "resume").count() == round).await;
        assert!(transport.get_write_buffer_size() <= 1024);
    }
    transport.close();
    assert_eq!(reader.await.unwrap(), written);
    let entries = journal.entries();
    assert!(entries[1..11].chunks(2).all(|pair| pair == ["pause", "resume"]), "{entries:?}");
}

#[asyncio::test(timeout = "10s")]
async fn a_running_protocol_is_paused_right_after_its_callback() {
    let journal = Journal::default();
    let after = journal.clone();
    let script = Script::new(&journal).on_data(move |transport, _| {
        fill(transport);
        transport.write(&[b'x'; 100_000]);
        after.note("still in data_received");
        Ok(())
    });
    let (transport, _, peer) = connected_narrowly(script).await;
    send(&peer, b"go");
    journal.wait_for("pause").await;
    assert_eq!(journal.entries(), ["made", "data go", "still in data_received", "pause"]);
    transport.abort();
}

#[asyncio::test(timeout = "10s")]
async fn a_protocol_that_is_in_use_is_paused_in_the_next_tick() {
    let journal = Journal::default();
    let (transport, protocol, _peer) = connected_narrowly(Script::new(&journal)).await;
    protocol.with(|_| clog(&transport));
    assert_eq!(journal.entries(), ["made"]);
    settle().await;
    assert_eq!(journal.entries(), ["made", "pause"]);
}

#[asyncio::test(timeout = "10s")]
async fn resume_writing_may_write_again() {
    let journal = Journal::default();
    let mut left = 3;
    let script = Script::new(&journal).on_resume(move |transport| {
        if left > 0 {
            left -= 1;
            transport.write(&[b'x'; 200_000]);
        } else {
            transport.close();
        }
        Ok(())
    });
    let (transport, _, peer) = connected_narrowly(script).await;
    let filled = fill(&transport);
    transport.write(&[b'x'; 200_000]);
    assert_eq!(read_all(peer).await.len(), filled + 4 * 200_000);
    journal.wait_for("lost").await;
    assert_eq!((journal.count("pause"), journal.count("resume")), (4, 4));
}

#[asyncio::test(timeout = "10s")]
async fn a_failing_pause_or_resume_is_reported_and_the_connection_stays() {
    // CPython: test_transports / protocols: "protocol.pause_writing() failed" in _FlowControlMixin
    let reports = Reports::collect();
    let journal = Journal::default();
    let script = Script::new(&journal)
        .on_pause(|_| Err(Error::runtime_error("cannot pause")))
        .on_resume(|_| panic!("cannot resume"));
    let (transport, _, peer) = connected_narrowly(script).await;
    let filled = fill(&transport);
    transport.write(&[b'x'; 100_000]);
    assert!(!transport.is_closing());
    let data = crate::support::net::read_exactly(&peer, filled + 100_000).await;
    assert_eq!(data.len(), filled + 100_000);
    journal.wait_for("resume").await;
    transport.write(b"still here");
    transport.close();
    assert_eq!(read_all(peer).await, b"still here");
    let reports = reports.all();
    assert_eq!(
        reports[0],
        r#"protocol.pause_writing() failed: RuntimeError: cannot pause ["exception", "protocol", "transport"]"#
    );
    assert!(reports[1].starts_with("protocol.resume_writing() failed: Panic: cannot resume"), "{}", reports[1]);
    assert_eq!(reports.len(), 2);
}
