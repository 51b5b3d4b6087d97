//! What each transition of a connection allows and forbids.

use super::*;

fn made() -> State {
    State::new(Direction::Both).made()
}

#[test]
fn nothing_is_received_before_connection_made_has_returned() {
    assert!(!State::new(Direction::Both).may_receive());
    assert!(State::new(Direction::Both).is_reading());
    assert!(made().may_receive());
}

#[test]
fn closing_waits_for_what_is_to_be_sent() {
    let mut state = made();
    assert_eq!(state.close(true), Closing::Flush);
    assert!(state.is_closing() && state.is_flushing() && !state.may_receive());
    assert_eq!(state.close(true), Closing::Nothing);
    assert!(state.lose(), "abort() ends the waiting");
    assert!(!state.lose());
}

#[test]
fn a_connection_is_lost_once() {
    let mut state = made();
    assert_eq!(state.close(false), Closing::Lose);
    assert!(!state.lose());
    assert!(state.lost());
    assert!(!state.lost());
    assert!(!state.lose());
    assert_eq!(state.close(false), Closing::Nothing);
}

#[test]
fn pausing_and_resuming_are_idempotent_and_end_with_the_connection() {
    let mut state = made();
    assert!(!state.resume());
    assert!(state.pause());
    assert!(!state.pause());
    assert!(!state.may_receive() && !state.is_reading());
    assert!(state.resume());
    assert!(state.pause());
    assert_eq!(state.close(false), Closing::Lose);
    assert!(!state.resume() && !state.pause());
}

#[test]
fn writing_ends_with_write_eof_or_with_the_connection() {
    let mut state = made();
    assert_eq!(state.writing(), Writing::Allowed);
    assert!(state.ask_eof());
    assert!(!state.ask_eof());
    assert_eq!(state.writing(), Writing::Ended);
    let mut state = made();
    assert!(state.lose());
    assert_eq!(state.writing(), Writing::Gone);
    assert!(!state.ask_eof(), "there is nothing left to end");
}

#[test]
fn the_state_fits_into_a_register() {
    assert_eq!(size_of::<State>(), 4);
}

#[test]
fn a_file_that_is_being_sent_has_the_connection_for_itself() {
    let mut state = made();
    state.set_sending_file(true);
    assert!(!state.may_receive() && state.is_reading(), "it was not paused");
    assert_eq!(state.writing(), Writing::SendingFile);
    assert!(state.ask_eof());
    assert_eq!(state.writing(), Writing::Ended);
    let mut state = made();
    state.set_sending_file(true);
    assert_eq!(state.close(true), Closing::Flush);
    state.set_sending_file(false);
    assert!(state.is_flushing() && !state.may_receive());
}

#[test]
fn a_pipe_goes_one_way() {
    let mut state = State::new(Direction::Read).made();
    assert!(state.may_receive() && !state.is_half_open());
    assert_eq!(state.writing(), Writing::Ended);
    assert!(!state.ask_eof());
    let state = State::new(Direction::Write).made();
    assert!(!state.may_receive() && !state.is_reading());
    assert!(state.is_half_open(), "its end is watched");
    assert_eq!(state.writing(), Writing::Allowed);
}

#[test]
fn reports_are_kept_until_they_are_used_up() {
    let mut state = State::new(Direction::Both);
    assert!(!state.report(Readiness::READABLE), "nothing is received before connection_made has returned");
    let mut state = state.made();
    assert!(state.may_read());
    assert!(state.report(Readiness::WRITABLE), "queued now");
    assert!(!state.report(Readiness::READABLE), "it is queued");
    state.read(true);
    assert!(state.may_read(), "a full buffer may have left something");
    state.read(false);
    assert!(!state.may_read());
    assert_eq!(state.readiness(), Readiness::WRITABLE);
    for odd in [Readiness::READ_CLOSED, Readiness::ERROR, Readiness::PRIORITY] {
        let mut state = made();
        state.report(Readiness::READABLE.or(odd));
        state.read(false);
        assert!(state.may_read(), "there may be more behind {odd:?}");
        state.drained();
        assert!(!state.may_read());
    }
    let mut state = made();
    state.set_uncertain(true);
    state.report(Readiness::READABLE);
    state.read(false);
    assert!(state.may_read());
}

#[test]
fn writes_begin_with_the_system_call_unless_something_is_special() {
    let mut state = made();
    assert!(state.may_send_at_once() && !state.has_more_to_do());
    state.set_special(true);
    assert!(!state.may_send_at_once() && state.has_more_to_do());
    assert_eq!(state.writing(), Writing::Allowed);
    state.set_special(false);
    state.ask_eof();
    assert!(!state.may_send_at_once());
}

#[test]
fn dropped_writes_are_counted_to_seven() {
    let mut state = made();
    let counted: Vec<u32> = (0..9).map(|_| state.drop_write()).collect();
    assert_eq!(counted, [1, 2, 3, 4, 5, 6, 7, 7, 7]);
    assert!(!state.is_closing() && !state.readiness().has(Readiness::ALL), "nothing else has changed");
}
