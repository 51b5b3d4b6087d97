//! Signals' numbers, and handlers away from the main thread. What needs that thread is in `process_wide/`.

use asyncio::{Error, EventLoop, Signal};

#[test]
fn a_number_that_is_no_signal_is_a_value_error() {
    // CPython: test_events.EventLoopTestsMixin.test_add_signal_handler,
    // test_unix_events.SelectorEventLoopSignalTests.test_check_signal
    for number in [0, -1, 65, 129, i32::MAX, i32::MIN] {
        let error = Signal::new(number).unwrap_err();
        assert!(matches!(error, Error::ValueError(_)), "{error}");
        assert!(error.to_string().contains(&number.to_string()), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn signals_that_the_c_library_keeps_for_itself_are_none() {
    assert!(Signal::new(32).is_err());
    let real_time = Signal::new(libc::SIGRTMIN()).unwrap();
    assert_eq!(real_time.to_string(), format!("signal {}", libc::SIGRTMIN()));
}

#[test]
fn signals_have_their_names_and_numbers() {
    assert_eq!(Signal::try_from(libc::SIGUSR1).unwrap(), Signal::SIGUSR1);
    assert_eq!(i32::from(Signal::SIGCHLD), libc::SIGCHLD);
    assert_eq!((Signal::SIGKILL.as_raw(), Signal::SIGTERM.as_raw()), (9, 15));
    assert_eq!(format!("{} {:?} [{:>7}]", Signal::SIGINT, Signal::SIGHUP, Signal::SIGIO), "SIGINT SIGHUP [  SIGIO]");
}

#[test]
fn away_from_the_main_thread_handlers_are_refused_with_the_fix() {
    // CPython: test_unix_events.SelectorEventLoopSignalTests.test_add_signal_handler_setup_error
    let event_loop = EventLoop::new().unwrap();
    let error = event_loop.add_signal_handler(Signal::SIGUSR1, || ()).unwrap_err();
    assert!(matches!(error, Error::RuntimeError(_)), "{error}");
    assert!(error.to_string().contains("main thread"), "{error}");
    assert!(!event_loop.remove_signal_handler(Signal::SIGUSR1));
    event_loop.close().unwrap();
}

#[test]
fn a_closed_loop_takes_no_handler_and_has_none() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.close().unwrap();
    let error = event_loop.add_signal_handler(Signal::SIGUSR1, || ()).unwrap_err();
    assert!(error.to_string().contains("closed"), "{error}");
    assert!(!event_loop.remove_signal_handler(Signal::SIGUSR1));
}
