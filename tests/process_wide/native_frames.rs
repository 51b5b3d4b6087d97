//! The watchdog's reports with the feature `backtrace`: the functions that the loop's thread is in.

use std::hint::black_box;
use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use asyncio::Runner;

use crate::program::{Ended, Program, Test, test};

pub(crate) const TESTS: &[Test] = &[
    test!(a_function_that_never_gives_way_is_named, grinds),
    test!(a_function_that_sleeps_is_named_and_sleeps_its_time, dozes),
    test!(a_read_that_blocks_is_named_and_goes_on, reads),
    test!(a_lock_that_is_held_elsewhere_is_named_and_goes_on, locks),
    test!(a_callback_that_is_no_task_is_named, calls),
    test!(each_of_two_loops_has_its_own_frames, are_two),
    test!(a_stack_that_is_too_deep_is_cut, descends),
];

pub(super) const LIMIT: Duration = Duration::from_millis(200);
/// The watchdog looks and asks within this.
pub(super) const STALL: Duration = Duration::from_millis(1200);

fn watched() -> Runner {
    Runner::builder().watchdog(LIMIT).build()
}

/// The frames of the report number `index`, and that the program ended well.
pub(super) fn frames(ended: &Ended, index: usize) -> Vec<&str> {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = ended.stderr.split("ASY0009: ").nth(index + 1).expect("there is a report");
    let (_, frames) = report.split_once("\nnative frames, innermost first:\n").expect("it has frames");
    frames.lines().take_while(|line| line.starts_with("  ")).map(str::trim_start).collect()
}

/// Where the function stands among the frames.
#[track_caller]
pub(super) fn place(frames: &[&str], function: &str, file: &str) -> usize {
    let is_it = |frame: &&str| {
        // Without symbols of their own generic functions and blocks have short names.
        frame.split_once(" at ").is_some_and(|(name, place)| name.contains(function) && place.starts_with(file))
    };
    frames.iter().position(is_it).unwrap_or_else(|| panic!("no {function} in {frames:#?}"))
}

const HERE: &str = "tests/process_wide/native_frames.rs:";

#[inline(never)]
pub(super) fn grinds_without_end(until: Instant) -> u64 {
    let mut sum: u64 = 1;
    while Instant::now() < until {
        for number in 0..10_000 {
            sum = black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
    }
    sum
}

#[asyncio::coroutine]
async fn computes() {
    asyncio::sleep(Duration::ZERO).await;
    black_box(grinds_without_end(Instant::now() + STALL));
}

fn grinds() -> ExitCode {
    watched().run(async { computes().await }).unwrap();
    ExitCode::SUCCESS
}

fn a_function_that_never_gives_way_is_named(program: Program) {
    let ended = program.end();
    let frames = frames(&ended, 0);
    let inner = place(&frames, "grinds_without_end", HERE);
    // The coroutine that called it, and the block that awaits that: nothing of the loop in between, nor after.
    assert_eq!(frames.len(), inner + 3, "{frames:#?}");
    assert!(frames[inner + 1..].iter().all(|frame| frame.contains(HERE)), "{frames:#?}");
    assert_eq!(ended.stderr.matches("ASY0009").count(), 1, "{ended:?}");
}

#[inline(never)]
fn dozes_in_here() {
    thread::sleep(STALL);
}

fn dozes() -> ExitCode {
    let began = Instant::now();
    watched().run(async { dozes_in_here() }).unwrap();
    assert!(began.elapsed() >= STALL, "the signal ended the sleep");
    ExitCode::SUCCESS
}

fn a_function_that_sleeps_is_named_and_sleeps_its_time(program: Program) {
    let ended = program.end();
    let frames = frames(&ended, 0);
    assert!(ended.stderr.contains("now in the system call nanosleep; "), "{ended:?}");
    let (library, own) = (place(&frames, "sleep", "library/std/"), place(&frames, "dozes_in_here", HERE));
    assert!(library < own, "{frames:#?}");
}

fn reads() -> ExitCode {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let later = thread::spawn(move || {
        thread::sleep(STALL);
        writer.write_all(b"x").unwrap();
    });
    watched().run(async move { reads_one_byte(&mut reader) }).unwrap();
    later.join().unwrap();
    ExitCode::SUCCESS
}

#[inline(never)]
fn reads_one_byte(reader: &mut std::io::PipeReader) {
    assert_eq!(reader.read(&mut [0]).expect("the signal does not end it"), 1);
}

fn a_read_that_blocks_is_named_and_goes_on(program: Program) {
    let ended = program.end();
    place(&frames(&ended, 0), "reads_one_byte", HERE);
}

fn locks() -> ExitCode {
    let lock = Arc::new(Mutex::new(0));
    let (other, (held, is_held)) = (lock.clone(), mpsc::channel());
    let holder = thread::spawn(move || {
        let mut number = other.lock().unwrap();
        held.send(()).unwrap();
        thread::sleep(STALL);
        *number = 7;
    });
    is_held.recv().unwrap();
    watched().run(async move { assert_eq!(waits_for_the_lock(&lock), 7) }).unwrap();
    holder.join().unwrap();
    ExitCode::SUCCESS
}

#[inline(never)]
fn waits_for_the_lock(lock: &Mutex<i32>) -> i32 {
    *lock.lock().unwrap()
}

fn a_lock_that_is_held_elsewhere_is_named_and_goes_on(program: Program) {
    let ended = program.end();
    place(&frames(&ended, 0), "waits_for_the_lock", HERE);
}

fn calls() -> ExitCode {
    watched()
        .run(async {
            asyncio::get_running_loop()?.call_soon(dozes_in_here)?;
            asyncio::sleep(Duration::from_millis(1)).await;
            Ok::<_, asyncio::Error>(())
        })
        .unwrap();
    ExitCode::SUCCESS
}

fn a_callback_that_is_no_task_is_named(program: Program) {
    let ended = program.end();
    assert!(ended.stderr.contains("a callback that is no task runs all the while"), "{ended:?}");
    let frames = frames(&ended, 0);
    // It has no caller but the loop.
    assert_eq!(place(&frames, "dozes_in_here", HERE), frames.len() - 1, "{frames:#?}");
}

#[inline(never)]
fn grinds_elsewhere() {
    black_box(grinds_without_end(Instant::now() + STALL));
}

fn are_two() -> ExitCode {
    let other = thread::spawn(|| watched().run(async { grinds_elsewhere() }).unwrap());
    watched().run(async { dozes_in_here() }).unwrap();
    other.join().unwrap();
    ExitCode::SUCCESS
}

fn each_of_two_loops_has_its_own_frames(program: Program) {
    let ended = program.end();
    let mut of = [frames(&ended, 0), frames(&ended, 1)];
    of.sort_by_key(|frames| frames.iter().any(|frame| frame.contains("grinds_elsewhere")));
    place(&of[0], "dozes_in_here", HERE);
    place(&of[1], "grinds_elsewhere", HERE);
}

/// Needs some mebibytes of stack.
#[inline(never)]
fn descends_into(depth: u32) -> u64 {
    let room = black_box([u64::from(depth); 32 * 1024]);
    let deepest = if depth == 0 { grinds_without_end(Instant::now() + STALL) } else { descends_into(depth - 1) };
    deepest.wrapping_add(room[depth as usize])
}

fn descends() -> ExitCode {
    watched().run(async { assert_ne!(black_box(descends_into(3)), 1) }).unwrap();
    ExitCode::SUCCESS
}

fn a_stack_that_is_too_deep_is_cut(program: Program) {
    let ended = program.end();
    let frames = frames(&ended, 0);
    assert!(place(&frames, "grinds_without_end", HERE) < place(&frames, "descends_into", HERE), "{frames:#?}");
    assert_eq!(frames.last(), Some(&"and more, further away on the stack than is copied"), "{frames:#?}");
}
