//! Programs that wait for longer than a second for what somebody will bring.
//!
//! Where the loop looks for a deadlock and finds that there is none it says so in the log, and whoever brings what is
//! waited for waits for that. Where it watches something it never looks: there a child process takes its time.

use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use asyncio::{EventLoop, Queue, Result, Runner};

use super::run;
use crate::support::log::listen;

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

/// Gets a message when this thread's loop has looked for a deadlock and says that there is none.
fn looked() -> Receiver<()> {
    let (sender, receiver) = mpsc::channel();
    listen(move |text| {
        if text.contains("that is no deadlock: another thread, or a waker") {
            // Nobody waits for it a second time.
            let _ = sender.send(());
        }
    });
    receiver
}

#[test]
fn a_thread_that_has_a_handle_may_call() {
    is_quiet(beside(async {
        let (handle, event) = (asyncio::get_running_loop()?.handle(), asyncio::get_running_loop()?.create_future());
        thread_local! {
            static DONE: std::cell::RefCell<Option<asyncio::Future<()>>> = const { std::cell::RefCell::new(None) };
        }
        DONE.set(Some(event.clone()));
        let looked = looked();
        thread::spawn(move || {
            looked.recv().unwrap();
            handle.call_soon_threadsafe(|| DONE.take().unwrap().set_result(()).unwrap()).unwrap();
        });
        event.await
    }));
}

#[test]
fn a_thread_that_has_a_waker_may_wake() {
    is_quiet(beside(async {
        let (sender, receiver) = futures::channel::oneshot::channel();
        let looked = looked();
        thread::spawn(move || {
            looked.recv().unwrap();
            // It does not look again until something has happened.
            assert_eq!(looked.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Timeout));
            sender.send(()).unwrap();
        });
        receiver.await.unwrap();
        Ok(())
    }));
}

#[test]
fn a_waker_that_is_kept_anywhere_may_be_used() {
    is_quiet(beside(async {
        let kept = Arc::new(Mutex::new(None::<Waker>));
        let (looked, waker) = (looked(), kept.clone());
        // The thread does not know of the loop.
        thread::spawn(move || {
            looked.recv().unwrap();
            waker.lock().unwrap().take().unwrap().wake();
        });
        let mut polled = false;
        std::future::poll_fn(move |context| {
            if std::mem::replace(&mut polled, true) {
                return Poll::Ready(Ok(()));
            }
            *kept.lock().unwrap() = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }));
}

#[test]
fn a_job_in_a_thread_will_end() {
    is_quiet(beside(async {
        let looked = looked();
        asyncio::to_thread(move || looked.recv().unwrap()).await
    }));
    is_quiet(beside(async {
        let looked = looked();
        asyncio::get_running_loop()?.run_in_executor(None, move || looked.recv().unwrap())?.await
    }));
}

#[test]
fn a_coroutine_of_another_thread_has_its_caller() {
    is_quiet(beside(async {
        let (handle, looked) = (asyncio::get_running_loop()?.handle(), looked());
        let thread = thread::spawn(move || {
            looked.recv().unwrap();
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
        let (near, done) = (Arc::new(near), Queue::new());
        let (watched, put) = (near.clone(), done.clone());
        let event_loop = asyncio::get_running_loop()?;
        let inside = event_loop.clone();
        event_loop.add_reader(&*near, move || {
            inside.remove_reader(&*watched);
            put.put_nowait(()).unwrap();
        })?;
        // Its end is that of the other side, of which nobody else has a copy.
        let far = std::os::fd::OwnedFd::from(far);
        let mut child = Command::new("sleep").arg(seconds()).stdin(far).spawn()?;
        done.get().await?;
        child.wait()?;
        Ok(())
    }));
}

/// [`LONG`], for `sleep`.
fn seconds() -> String {
    LONG.as_secs_f64().to_string()
}

#[test]
fn a_child_will_end() {
    is_quiet(beside(async {
        let child = asyncio::create_subprocess_exec("sleep").arg(seconds()).await?;
        assert_eq!(child.wait().await?, 0);
        Ok(())
    }));
}

#[test]
fn a_timer_will_be_due() {
    is_quiet(beside(async {
        let (done, put) = (Queue::new(), Queue::new());
        let forward = done.clone();
        drop(asyncio::create_task({
            let put = put.clone();
            async move { forward.put(put.get().await?).await.map_err(asyncio::Error::from) }
        }));
        asyncio::get_running_loop()?.call_later(LONG, move || put.put_nowait(()).unwrap())?;
        done.get().await
    }));
}

#[test]
fn a_main_task_alone_waits_for_ctrl_c() {
    for what in ["event", "future", "pending"] {
        let mut runner = Runner::builder().on_deadlock(asyncio::Error::runtime_error("it hangs")).build();
        let event_loop = runner.get_loop().unwrap();
        event_loop.set_exception_handler(|_, report| panic!("{report}"));
        // Instead of Ctrl-C.
        listen(move |text| {
            if text.contains("that is no deadlock: there is one") {
                event_loop.stop();
            }
        });
        let error = runner.run(async move {
            match what {
                "event" => asyncio::Event::new().wait().await,
                "future" => asyncio::Future::<()>::new()?.await,
                _ => std::future::pending().await,
            }
        });
        listen(|_| ());
        assert!(error.unwrap_err().to_string().contains("stopped before"), "{what} is reported");
    }
}

#[test]
fn a_loop_that_is_run_by_hand_waits_in_silence() {
    let (sender, receiver) = mpsc::channel();
    // It would wait for ever, and ends with the process.
    thread::spawn(move || {
        let event_loop = EventLoop::new().unwrap();
        event_loop.set_exception_handler(move |_, report| drop(sender.send(report.to_string())));
        drop(event_loop.create_task(async { Queue::<u8>::new().get().await.map(drop) }));
        event_loop.run_forever()
    });
    // Nothing tells that nothing will come, so it is waited for longer than the patience of a loop that looks.
    assert_eq!(receiver.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Timeout));
}
