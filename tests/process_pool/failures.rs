//! Errors and panics of remote functions, as they come back.

use std::error::Error as _;
use std::fmt;
use std::io::ErrorKind;

use asyncio::{CancelledError, Error, ExceptionGroup, FunctionId, Parcel, RemoteError, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{double, pool};

#[derive(Debug)]
struct TooDark {
    cause: std::num::ParseIntError,
}

impl fmt::Display for TooDark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the image is too dark")
    }
}

impl std::error::Error for TooDark {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

#[asyncio::remote]
fn fails(how: String) -> Result<u32> {
    Err(match how.as_str() {
        "own" => Error::other(TooDark { cause: "x".parse::<u8>().unwrap_err() }),
        "file" => Error::os_error_at(std::fs::File::open("/nowhere").unwrap_err(), "/nowhere"),
        "kind" => std::io::Error::new(ErrorKind::InvalidData, "no image").into(),
        "value" => Error::value_error("width must be positive"),
        "cancelled" => CancelledError::new("enough").into(),
        "group" => ExceptionGroup::new("two", [Error::QueueEmpty, Error::runtime_error("x")]).into(),
        "partial" => asyncio::run(async {
            let mut reader = asyncio::StreamReader::new();
            reader.feed_data(b"half")?;
            reader.feed_eof();
            reader.readexactly(9).await.map(drop)
        })
        .unwrap_err(),
        _ => panic!("there is no way to fail as {how:?}"),
    })
}

async fn failure(how: &str) -> Error {
    fails.on(&pool(1))(how.to_owned()).await.unwrap_err()
}

// CPython: test_concurrent_futures.test_process_pool.ProcessPoolExecutorTest.test_traceback
#[asyncio::test]
async fn a_panic_comes_back_with_its_text_file_and_line() {
    let Error::Panic(panic) = failure("nonsense").await else { panic!("it panicked") };
    assert_eq!(panic.message(), "there is no way to fail as \"nonsense\"");
    let place = panic.location().unwrap();
    assert!(place.contains("failures.rs:") && place.matches(':').count() >= 2, "{place}");
}

#[asyncio::test]
async fn a_worker_goes_on_after_a_panic_and_an_error() {
    let pool = pool(1);
    let worker = super::process_id.on(&pool)().await.unwrap();
    fails.on(&pool)("panic".to_owned()).await.unwrap_err();
    fails.on(&pool)("own".to_owned()).await.unwrap_err();
    assert_eq!(super::process_id.on(&pool)().await.unwrap(), worker);
}

// CPython: test_concurrent_futures.test_process_pool.ProcessPoolExecutorTest.test_traceback_when_child_process_terminates_abruptly
#[asyncio::test]
async fn an_error_of_the_users_own_comes_back_with_its_text_and_causes() {
    let error = failure("own").await;
    let remote = error.downcast_ref::<RemoteError>().unwrap();
    assert_eq!(remote.to_string(), "the image is too dark");
    assert_eq!(remote.source().unwrap().to_string(), "invalid digit found in string");
}

#[asyncio::test]
async fn errors_of_this_crate_come_back_as_they_were() {
    let Error::OsError(error) = failure("file").await else { panic!("there is no such file") };
    assert_eq!((error.raw_os_error(), error.kind()), (Some(2), ErrorKind::NotFound));
    assert_eq!(error.subject(), Some("/nowhere"));

    let Error::OsError(error) = failure("kind").await else { panic!("it is of the system's kinds") };
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::InvalidData, "OSError: no image"));

    assert!(matches!(failure("value").await, Error::ValueError(text) if text.as_str() == "width must be positive"));
    assert!(failure("cancelled").await.is_cancelled());
    let submitted = pool(1).submit(fails.call("cancelled".to_owned())).unwrap();
    let Err(Error::CancelledError(error)) = submitted.exception(super::LONG) else { panic!("it is cancelled") };
    assert_eq!(error.message(), Some("enough"));

    let Error::ExceptionGroup(group) = failure("group").await else { panic!("it is a group") };
    assert_eq!(group.message(), "two");
    assert!(matches!(group.exceptions(), [Error::QueueEmpty, Error::RuntimeError(_)]));

    let Error::IncompleteReadError(error) = failure("partial").await else { panic!("half was read") };
    assert_eq!((error.partial.as_slice(), error.expected), (&b"half"[..], Some(9)));
}

/// Cannot be turned into bytes, or not back.
#[derive(Debug)]
struct Stubborn(bool);

impl Serialize for Stubborn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 { serializer.serialize_unit() } else { Err(serde::ser::Error::custom("stays")) }
    }
}

impl<'de> Deserialize<'de> for Stubborn {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("was never here"))
    }
}

#[asyncio::remote]
fn take_stubborn(_value: Stubborn) -> Result<()> {
    Ok(())
}

#[asyncio::remote]
fn give_stubborn(travels: bool) -> Result<Stubborn> {
    Ok(Stubborn(travels))
}

// CPython: test_concurrent_futures.test_process_pool.ProcessPoolExecutorTest.test_error_during_task_unpickle
// CPython: test_concurrent_futures.test_deadlock.ExecutorDeadlockTest.test_error_at_task_pickle
// CPython: test_concurrent_futures.test_deadlock.ExecutorDeadlockTest.test_error_during_result_pickle_in_worker
#[asyncio::test]
async fn what_cannot_be_written_or_read_fails_its_call_only() {
    let pool = pool(1);
    let names = |error: &Error| matches!(error, Error::ValueError(text) if text.as_str().contains("Stubborn"));
    let unwritten = take_stubborn.on(&pool)(Stubborn(false)).await.unwrap_err();
    assert!(names(&unwritten) && unwritten.to_string().contains("cannot be turned into bytes"), "{unwritten}");
    let unread = take_stubborn.on(&pool)(Stubborn(true)).await.unwrap_err();
    assert!(names(&unread) && unread.to_string().contains("cannot be read"), "{unread}");
    for travels in [false, true] {
        let error = give_stubborn.on(&pool)(travels).await.unwrap_err();
        assert!(names(&error), "{error}");
    }
    assert_eq!(double.on(&pool)(4).await.unwrap(), 8);
}

#[asyncio::test]
async fn a_function_that_is_not_there_is_an_error() {
    let known = double.id();
    let answer = |id: FunctionId| id.call(Parcel::default());
    let text = |parcel: Parcel| String::from_utf8_lossy(&parcel.to_bytes()).into_owned();
    let unknown = text(answer(FunctionId::new("nowhere::double", known.signature())));
    assert!(unknown.contains("no remote function nowhere::double"), "{unknown}");
    let other = text(answer(FunctionId::new(known.name().to_owned(), known.signature() + 1)));
    assert!(other.contains("has another signature"), "{other}");
}
