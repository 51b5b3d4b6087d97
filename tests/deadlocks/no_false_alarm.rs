//! Programs that wait for longer than a second for what somebody will bring.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use asyncio::{Event, Queue, Result};

use super::run;

/// Longer than the loop's patience.
const LONG: Duration = Duration::from_millis(1300);

fn is_quiet<T: 'static>(body: impl Future<Output = Result<T>> + 'static) {
    let (outcome, reports) = run(body);
    assert!(reports.is_empty(), "{reports:#?}");
    outcome.unwrap();
}

/// Two tasks that wait, so that no wait of a single one is forgiven.
async fn beside<T: 'static>(body: impl Future<Output = Result<T>> + 'static) -> Result<T> {
    let waits = asyncio::create_task(async { Queue::<u8>::new().get().await });
    let value = body.await?;
    waits.cancel();
    Ok(value)
}

#[test]
fn a_thread_that_has_a_handle_may_call() {
    is_quiet(beside(async {
        let (handle, event) = (asyncio::get_running_loop()?.handle(), asyncio::get_running_loop()?.create_future());
        thread_local! {
            static DONE: std::cell::RefCell<Option<asyncio::Future<()>>> = const { std::cell::RefCell::new(None) };
        }
        DONE.set(Some(event.clone()));
        thread::spawn(move || {
            thread::sleep(LONG);
            handle.call_soon_threadsafe(|| DONE.take().unwrap().set_result(()).unwrap()).unwrap();
        });
        event.await
    }));
}

#[test]
fn a_thread_that_has_a_waker_may_wake() {
    is_quiet(beside(async {
        let (sender, receiver) = futures::channel::oneshot::channel();
        thread::spawn(move || {
            thread::sleep(LONG);
            sender.send(()).unwrap();
        });
        receiver.await.unwrap();
        Ok(())
    }));
}

#[test]
fn a_job_in_a_thread_will_end() {
    is_quiet(beside(async { asyncio::to_thread(|| thread::sleep(LONG)).await }));
    is_quiet(beside(async {
        let event_loop = asyncio::get_running_loop()?;
        event_loop.run_in_executor(None, || thread::sleep(LONG))?.await
    }));
}

#[test]
fn a_coroutine_of_another_thread_has_its_caller() {
    is_quiet(beside(async {
        let handle = asyncio::get_running_loop()?.handle();
        let thread = thread::spawn(move || {
            thread::sleep(LONG);
            let one = || async { Ok::<_, asyncio::Error>(1) };
            asyncio::run_coroutine_threadsafe(one, &handle).unwrap().result(None).unwrap()
        });
        let joined = asyncio::to_thread(move || Ok::<_, asyncio::Error>(thread.join().unwrap())).await?;
        assert_eq!(joined, 1);
        Ok(())
    }));
}

#[test]
fn a_descriptor_may_become_ready() {
    is_quiet(beside(async {
        let (near, far) = std::os::unix::net::UnixStream::pair()?;
        let (near, event) = (Arc::new(near), Event::new());
        let (watched, set) = (near.clone(), event.clone());
        let event_loop = asyncio::get_running_loop()?;
        let inside = event_loop.clone();
        event_loop.add_reader(&*near, move || {
            inside.remove_reader(&*watched);
            set.set();
        })?;
        thread::spawn(move || {
            thread::sleep(LONG);
            drop(far);
        });
        event.wait().await
    }));
}

#[test]
fn a_timer_will_be_due() {
    is_quiet(beside(async {
        let event = Event::new();
        let set = event.clone();
        asyncio::get_running_loop()?.call_later(LONG, move || set.set())?;
        event.wait().await
    }));
}

#[test]
fn a_main_task_alone_waits_for_ctrl_c() {
    for what in ["event", "future", "pending"] {
        let (sender, receiver) = std::sync::mpsc::channel();
        let waits = thread::spawn(move || {
            let mut runner = asyncio::Runner::builder().on_deadlock(asyncio::Error::runtime_error("it hangs")).build();
            let event_loop = runner.get_loop().unwrap();
            let inside = event_loop.clone();
            event_loop.set_exception_handler(move |_, report| {
                sender.send(report.to_string()).unwrap();
                inside.stop();
            });
            // Nobody ends it, and the thread ends with the process.
            runner.run(async move {
                match what {
                    "event" => Event::new().wait().await,
                    "future" => asyncio::Future::<()>::new()?.await,
                    _ => std::future::pending().await,
                }
            })
        });
        assert!(receiver.recv_timeout(LONG).is_err(), "{what} is reported");
        assert!(!waits.is_finished());
    }
}
