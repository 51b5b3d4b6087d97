//! Children of loops that are not on the main thread, and of several at once.

use asyncio::create_subprocess_shell;
use asyncio::subprocess::PIPE;

#[test]
fn loops_in_several_threads_have_children_at_the_same_time() {
    // CPython: test_subprocess.SubprocessThreadedWatcherTests, on every thread.
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            std::thread::spawn(move || {
                asyncio::run(async move {
                    for round in 0..10 {
                        let mut process = create_subprocess_shell(format!("echo {thread} {round}; exit {round}"))
                            .stdout(PIPE)
                            .await?;
                        let (stdout, _) = process.communicate().await?;
                        assert_eq!(stdout.unwrap(), format!("{thread} {round}\n").into_bytes());
                        assert_eq!(process.returncode(), Some(round));
                    }
                    Ok::<_, asyncio::Error>(())
                })
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
}

#[test]
fn without_a_running_loop_nothing_is_started() {
    let error = futures_lite::future::block_on(std::future::IntoFuture::into_future(create_subprocess_shell("true")));
    assert!(matches!(error, Err(asyncio::Error::RuntimeError(_))), "{error:?}");
}
