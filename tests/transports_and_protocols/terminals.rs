//! Terminals as pipes: a pseudo-terminal, from both of its sides.

use std::io::{Read, Write};

use crate::support::journal::Journal;
use crate::support::net::{running, settle};
use crate::support::pipes::{duplicate, is_blocking, pseudo_terminal};
use crate::support::script::Script;

#[asyncio::test(timeout = "10s")]
async fn what_a_program_prints_on_a_terminal_is_read_by_who_emulates_it() {
    // CPython: test_events.EventLoopTestsMixin.test_read_pty_output
    let journal = Journal::default();
    let (master, mut slave) = pseudo_terminal();
    let script = Script::new(&journal);
    let (transport, _) = running().connect_read_pipe(move || script, master).await.unwrap();
    for text in ["1", "2345"] {
        slave.write_all(text.as_bytes()).unwrap();
        journal.wait_for(&format!("data {text}")).await;
    }
    assert!(transport.get_extra_info("pipe").is_some());
    // The system ends the reading of a terminal by an error, which is nobody's fault.
    drop(slave);
    let lost = journal.wait_for("lost").await;
    assert!(lost.contains("Input/output error"), "{lost}");
    assert_eq!(journal.entries(), ["made", "data 1", "data 2345", &lost]);
}

#[asyncio::test(timeout = "10s")]
async fn a_program_writes_on_its_terminal() {
    // CPython: test_events.EventLoopTestsMixin.test_write_pty
    let journal = Journal::default();
    let (mut master, slave) = pseudo_terminal();
    let script = Script::new(&journal);
    let (transport, _) = running().connect_write_pipe(move || script, slave).await.unwrap();
    let mut buffer = [0; 5];
    transport.write(b"12345");
    master.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"12345");
    assert_eq!(journal.entries(), ["made"]);
    transport.close();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_terminal_that_hangs_up_is_noticed_by_who_writes() {
    let journal = Journal::default();
    let (master, slave) = pseudo_terminal();
    let script = Script::new(&journal);
    running().connect_write_pipe(move || script, slave).await.unwrap();
    drop(master);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_program_reads_and_writes_on_the_same_terminal() {
    // CPython: test_events.EventLoopTestsMixin.test_bidirectional_pty
    let (input, output) = (Journal::default(), Journal::default());
    let (mut master, slave) = pseudo_terminal();
    let other = duplicate(&slave);
    let (reader, writer) = (Script::new(&input), Script::new(&output));
    let (read, _) = running().connect_read_pipe(move || reader, slave).await.unwrap();
    let (write, _) = running().connect_write_pipe(move || writer, other).await.unwrap();
    for round in 0..3 {
        let (typed, printed) = (format!("typed {round}"), format!("printed {round}"));
        write.write(printed.as_bytes());
        let mut buffer = [0; 9];
        master.read_exact(&mut buffer).unwrap();
        assert_eq!(buffer, printed.as_bytes());
        master.write_all(typed.as_bytes()).unwrap();
        input.wait_for(&format!("data {typed}")).await;
    }
    assert_eq!(output.entries(), ["made"], "what is typed concerns the reader only");
    read.close();
    input.wait_for("lost").await;
    write.write(b"still open");
    let mut buffer = [0; 10];
    master.read_exact(&mut buffer).unwrap();
    write.close();
    output.wait_for("lost").await;
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "10s")]
async fn nobody_else_on_the_terminal_becomes_non_blocking() {
    let (_master, slave) = pseudo_terminal();
    let shared = duplicate(&slave);
    let (transport, _) = running().connect_read_pipe(|| Script::new(&Journal::default()), slave).await.unwrap();
    assert!(is_blocking(&shared));
    transport.close();
    settle().await;
    assert!(is_blocking(&shared));
}
