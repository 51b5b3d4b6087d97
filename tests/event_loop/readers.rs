//! `add_reader`, `remove_reader`, `add_writer`, `remove_writer`.

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;

use asyncio::{ContextVar, Error, EventLoop};

use crate::support::net::Reports;
use crate::support::ticks::{Dropped, Trace, tick};

static USER: ContextVar<&str> = ContextVar::new("user");

/// A descriptor by its number, which nobody holds open.
struct Number(RawFd);

impl AsRawFd for Number {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

fn pair_and_loop() -> (EventLoop, UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    (EventLoop::new().unwrap(), near, far)
}

fn read_all(mut from: &UnixStream) -> String {
    let mut bytes = [0; 64];
    let length = from.read(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[test]
fn a_reader_is_called_with_what_arrives_and_with_the_end() {
    // CPython: test_events.EventLoopTestsMixin.test_reader_callback
    let (event_loop, near, mut far) = pair_and_loop();
    let (trace, watched) = (Trace::new(), near.try_clone().unwrap());
    let (noted, inside) = (trace.clone(), event_loop.clone());
    let reader = move || {
        let text = read_all(&watched);
        if text.is_empty() {
            inside.remove_reader(&watched);
            inside.stop();
        }
        noted.push(text);
    };
    event_loop.add_reader(&near, reader).unwrap();
    far.write_all(b"abc").unwrap();
    tick(&event_loop);
    far.write_all(b"def").unwrap();
    tick(&event_loop);
    drop(far);
    event_loop.run_forever().unwrap();
    assert_eq!(trace.all(), ["abc", "def", ""]);
    event_loop.close().unwrap();
}

#[test]
fn a_writer_is_called_as_long_as_there_is_room() {
    // CPython: test_events.EventLoopTestsMixin.test_writer_callback
    let (event_loop, near, far) = pair_and_loop();
    let near = Rc::new(near);
    let (watched, inside, written) = (near.clone(), event_loop.clone(), Rc::new(Cell::new(0)));
    let (count, calls) = (written.clone(), Rc::new(Cell::new(0)));
    let called = calls.clone();
    let writer = move || {
        called.set(called.get() + 1);
        count.set(count.get() + (&*watched).write(&[b'x'; 1024]).unwrap());
        if called.get() == 3 {
            assert!(inside.remove_writer(&*watched));
            inside.stop();
        }
    };
    event_loop.add_writer(&*near, writer).unwrap();
    event_loop.run_forever().unwrap();
    assert_eq!((calls.get(), written.get()), (3, 3 * 1024));
    tick(&event_loop);
    assert_eq!(calls.get(), 3);
    drop(far);
    event_loop.close().unwrap();
}

#[test]
fn a_reader_is_called_in_every_tick_in_which_something_is_left() {
    let (event_loop, near, mut far) = pair_and_loop();
    let trace = Trace::new();
    let noted = trace.clone();
    event_loop.add_reader(&near, move || noted.push("called")).unwrap();
    tick(&event_loop);
    assert!(trace.all().is_empty(), "there is nothing to read");
    far.write_all(b"abc").unwrap();
    for ticks in 1..=3 {
        tick(&event_loop);
        assert_eq!(trace.len(), ticks);
    }
    assert_eq!(read_all(&near), "abc");
    tick(&event_loop);
    let after = trace.len();
    tick(&event_loop);
    assert_eq!(trace.len(), after, "nothing is left");
    event_loop.close().unwrap();
}

#[test]
fn adding_again_replaces_the_callback_and_drops_the_old_one() {
    // CPython: test_selector_events.BaseSelectorEventLoopTests.test_add_reader_existing, test_add_writer_existing
    let (event_loop, near, mut far) = pair_and_loop();
    far.write_all(b"x").unwrap();
    let trace = Trace::new();
    let old = Dropped(trace.clone(), "old dropped");
    event_loop.add_reader(&near, move || unreachable!("it was replaced before {:p} was of use", &old)).unwrap();
    let noted = trace.clone();
    event_loop.add_reader(&near, move || noted.push("new called")).unwrap();
    assert_eq!(trace.all(), ["old dropped"]);
    tick(&event_loop);
    assert_eq!(trace.all(), ["old dropped", "new called"]);
    let old = Dropped(trace.clone(), "old writer dropped");
    event_loop.add_writer(&near, move || unreachable!("it was replaced before {:p} was of use", &old)).unwrap();
    let noted = trace.clone();
    event_loop.add_writer(&near, move || noted.push("new writer called")).unwrap();
    tick(&event_loop);
    assert_eq!(trace.all()[2..], ["old writer dropped", "new called", "new writer called"]);
    assert!(event_loop.remove_reader(&near) && event_loop.remove_writer(&near));
    event_loop.close().unwrap();
}

#[test]
fn removing_says_whether_there_was_something_to_remove() {
    // CPython: test_selector_events.BaseSelectorEventLoopTests.test_remove_reader, test_remove_reader_unknown, …_writer…
    let (event_loop, near, _far) = pair_and_loop();
    assert!(!event_loop.remove_reader(&near) && !event_loop.remove_writer(&near));
    event_loop.add_reader(&near, || ()).unwrap();
    assert!(!event_loop.remove_writer(&near), "that is the other place");
    assert!(event_loop.remove_reader(&near));
    assert!(!event_loop.remove_reader(&near));
    event_loop.add_writer(&near, || ()).unwrap();
    assert!(!event_loop.remove_reader(&near));
    assert!(event_loop.remove_writer(&near));
    assert!(!event_loop.remove_writer(&near));
    event_loop.close().unwrap();
}

#[test]
fn reader_and_writer_of_one_descriptor_are_independent_and_the_reader_comes_first() {
    // CPython: test_selector_events.BaseSelectorEventLoopTests.test_process_events_read_write, …remove_reader_read_write
    let (event_loop, near, mut far) = pair_and_loop();
    let trace = Trace::new();
    let noted = trace.clone();
    event_loop.add_writer(&near, move || noted.push("writer")).unwrap();
    let noted = trace.clone();
    event_loop.add_reader(&near, move || noted.push("reader")).unwrap();
    far.write_all(b"x").unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), ["reader", "writer"]);
    assert!(event_loop.remove_reader(&near));
    tick(&event_loop);
    assert_eq!(trace.all(), ["reader", "writer", "writer"]);
    let noted = trace.clone();
    event_loop.add_reader(&near, move || noted.push("second reader")).unwrap();
    assert!(event_loop.remove_writer(&near));
    tick(&event_loop);
    assert_eq!(trace.all()[3..], ["second reader"]);
    event_loop.close().unwrap();
}

#[test]
fn a_callback_that_is_removed_after_it_became_ready_does_not_run() {
    // CPython: test_selector_events.BaseSelectorEventLoopTests.test_process_events_read_cancelled
    let (event_loop, near, mut far) = pair_and_loop();
    far.write_all(b"x").unwrap();
    let near = Rc::new(near);
    // Readers stand behind what was queued: this runs when the reader is in the batch already.
    let (watched, inside) = (near.clone(), event_loop.clone());
    event_loop.add_reader(&*near, || unreachable!("it was removed")).unwrap();
    event_loop.call_soon(move || assert!(inside.remove_reader(&*watched))).unwrap();
    tick(&event_loop);
    tick(&event_loop);
    // The same by the reader of the same descriptor, for its writer.
    let (watched, inside) = (near.clone(), event_loop.clone());
    let reader = move || assert!(inside.remove_writer(&*watched) && inside.remove_reader(&*watched));
    event_loop.add_reader(&*near, reader).unwrap();
    event_loop.add_writer(&*near, || unreachable!("it was removed")).unwrap();
    tick(&event_loop);
    event_loop.close().unwrap();
}

fn name_of(captured: &Dropped) -> &'static str {
    captured.1
}

#[test]
fn a_callback_may_remove_or_replace_itself() {
    let (event_loop, near, mut far) = pair_and_loop();
    far.write_all(b"x").unwrap();
    let near = Rc::new(near);
    let trace = Trace::new();
    let (watched, inside, noted) = (near.clone(), event_loop.clone(), trace.clone());
    let captured = Dropped(trace.clone(), "first dropped");
    let first = move || {
        let (again, within, second) = (watched.clone(), inside.clone(), noted.clone());
        let replacement = move || {
            second.push("second");
            assert!(within.remove_reader(&*again));
            assert!(!within.remove_reader(&*again));
        };
        inside.add_reader(&*watched, replacement).unwrap();
        noted.push("first");
        assert!(!noted.all().contains(&name_of(&captured)), "it is alive while it runs");
    };
    event_loop.add_reader(&*near, first).unwrap();
    for _ in 0..3 {
        tick(&event_loop);
    }
    assert_eq!(trace.all(), ["first", "first dropped", "second"]);
    event_loop.close().unwrap();
}

#[test]
fn pipes_can_be_watched() {
    let event_loop = EventLoop::new().unwrap();
    let (mut reading, mut writing) = std::io::pipe().unwrap();
    let trace = Trace::new();
    let (noted, watched) = (trace.clone(), reading.try_clone().unwrap());
    let reader = move || {
        let mut byte = [0];
        let read = (&watched).read(&mut byte).unwrap();
        noted.push(if read == 0 { "end" } else { "byte" });
    };
    event_loop.add_reader(&reading, reader).unwrap();
    let noted = trace.clone();
    event_loop.add_writer(&writing, move || noted.push("room")).unwrap();
    writing.write_all(b"x").unwrap();
    tick(&event_loop);
    let mut first = trace.all();
    first.sort_unstable();
    assert_eq!(first, ["byte", "room"]);
    assert!(event_loop.remove_writer(&writing));
    drop(writing);
    tick(&event_loop);
    assert_eq!(trace.all()[2..], ["end"]);
    assert!(event_loop.remove_reader(&reading));
    assert_eq!(reading.read(&mut [0]).unwrap(), 0);
    event_loop.close().unwrap();
}

#[test]
fn a_writer_hears_that_nobody_reads_any_more() {
    let (event_loop, near, far) = pair_and_loop();
    let near = Rc::new(near);
    let trace = Trace::new();
    while (&*near).write(&[b'x'; 4096]).is_ok() {}
    let (noted, watched) = (trace.clone(), near.clone());
    event_loop.add_writer(&*near, move || noted.push((&*watched).write(b"x").unwrap_err().kind())).unwrap();
    tick(&event_loop);
    assert!(trace.all().is_empty(), "it is full");
    drop(far);
    tick(&event_loop);
    assert_eq!(trace.all(), [ErrorKind::BrokenPipe]);
    event_loop.close().unwrap();
}

#[test]
fn a_regular_file_cannot_be_watched() {
    // epoll answers EPERM, and Python raises PermissionError.
    let event_loop = EventLoop::new().unwrap();
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    for refused in [event_loop.add_reader(&file, || ()), event_loop.add_writer(&file, || ())] {
        let error = refused.unwrap_err();
        if cfg!(target_os = "linux") {
            assert_eq!(error.io_kind(), Some(ErrorKind::PermissionDenied));
        }
        assert!(error.to_string().contains(&format!("descriptor {}", file.as_raw_fd())), "{error}");
    }
    assert!(!event_loop.remove_reader(&file) && !event_loop.remove_writer(&file));
    event_loop.close().unwrap();
}

#[test]
fn a_descriptor_that_is_not_open_is_an_error() {
    // CPython: add_reader of a closed descriptor raises OSError or ValueError.
    let event_loop = EventLoop::new().unwrap();
    for number in [-1, 1_000_000] {
        for refused in [event_loop.add_reader(&Number(number), || ()), event_loop.add_writer(&Number(number), || ())] {
            let error = refused.unwrap_err();
            assert!(matches!(error, Error::OsError(_)), "{error}");
            assert!(error.to_string().contains(&number.to_string()), "{error}");
        }
        assert!(!event_loop.remove_reader(&Number(number)));
    }
    event_loop.close().unwrap();
}

#[test]
fn a_number_that_was_closed_and_opened_again_can_be_watched_again() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let (near, far) = UnixStream::pair().unwrap();
    let number = near.as_raw_fd();
    event_loop.add_reader(&near, || unreachable!("nothing was written to the first one")).unwrap();
    drop((near, far));
    // The lowest free number is taken, unless another test is quicker: then the old one is simply gone.
    let (near, mut far) = UnixStream::pair().unwrap();
    let noted = trace.clone();
    event_loop.add_reader(&near, move || noted.push("called")).unwrap();
    far.write_all(b"x").unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), ["called"]);
    assert!(event_loop.remove_reader(&near));
    let _ = event_loop.remove_reader(&Number(number));
    event_loop.close().unwrap();
}

#[test]
fn a_callback_runs_in_the_context_in_which_it_was_added() {
    let (event_loop, near, mut far) = pair_and_loop();
    let trace = Trace::new();
    asyncio::copy_context().run(|| {
        USER.set("adder");
        let noted = trace.clone();
        let reader = move || {
            noted.push(USER.get());
            USER.set("left by the call before");
        };
        event_loop.add_reader(&near, reader).unwrap();
    });
    far.write_all(b"x").unwrap();
    tick(&event_loop);
    tick(&event_loop);
    assert_eq!(trace.all(), [Some("adder"), Some("left by the call before")]);
    // One that was added in an empty context has a context of its own as well.
    let noted = trace.clone();
    let reader = move || {
        noted.push(USER.get());
        USER.set("kept");
    };
    event_loop.add_reader(&near, reader).unwrap();
    tick(&event_loop);
    tick(&event_loop);
    assert_eq!(trace.all()[2..], [None, Some("kept")]);
    assert_eq!(USER.get(), None);
    event_loop.close().unwrap();
}

#[test]
fn a_panicking_callback_is_reported_with_its_handle_and_called_again() {
    let (event_loop, near, mut far) = pair_and_loop();
    let reports = Reports::of(&event_loop);
    far.write_all(b"x").unwrap();
    event_loop.add_reader(&near, || panic!("unreadable")).unwrap();
    tick(&event_loop);
    tick(&event_loop);
    let all = reports.all();
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[0].starts_with("Exception in callback ") && all[0].contains("Panic: unreadable"), "{all:?}");
    assert!(all[0].contains("\"handle\""), "{all:?}");
    event_loop.close().unwrap();
}

#[test]
fn many_descriptors_are_served_in_one_tick() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let mut pairs = Vec::new();
    for number in 0..100 {
        let (near, mut far) = UnixStream::pair().unwrap();
        let noted = trace.clone();
        event_loop.add_reader(&near, move || noted.push(number)).unwrap();
        far.write_all(b"x").unwrap();
        pairs.push((near, far));
    }
    tick(&event_loop);
    let mut called = trace.all();
    called.sort_unstable();
    assert_eq!(called, (0..100).collect::<Vec<_>>());
    event_loop.close().unwrap();
}

#[test]
fn removing_drops_what_the_callback_captured() {
    let (event_loop, near, _far) = pair_and_loop();
    let trace = Trace::new();
    let captured = RefCell::new(Some(Dropped(trace.clone(), "dropped")));
    event_loop.add_reader(&near, move || drop(captured.take())).unwrap();
    assert!(trace.all().is_empty());
    assert!(event_loop.remove_reader(&near));
    assert_eq!(trace.all(), ["dropped"]);
    event_loop.close().unwrap();
}
