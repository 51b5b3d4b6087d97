//! `StreamReader` without a connection: what reads give, and where their limits are.

use asyncio::{Error, Result, StreamReader, create_task};
use futures::StreamExt;

use crate::harness::program::{Program, program, ticks};
use crate::harness::trace::{Boom, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(read_gives_at_most_what_was_asked_for),
    program!(read_waits_for_the_first_bytes_only),
    program!(reading_to_the_end_takes_all),
    program!(readexactly_takes_all_or_fails_with_a_part),
    program!(readline_gives_lines_and_the_rest),
    program!(a_line_over_the_limit_is_an_error_and_gone),
    program!(readuntil_ends_with_the_separator),
    program!(readuntil_takes_the_separator_that_ends_first).since(13),
    program!(readuntil_over_the_limit_leaves_the_bytes),
    program!(a_separator_of_nothing_is_an_error),
    program!(an_error_comes_before_what_is_there),
    program!(an_error_wakes_who_reads),
    program!(a_cancelled_readline_loses_nothing),
    program!(lines_come_one_after_the_other),
];

fn fed(pieces: &[&str], limit: usize) -> Result<StreamReader> {
    let reader = StreamReader::with_limit(limit)?;
    for piece in pieces {
        reader.feed_data(piece.as_bytes())?;
    }
    Ok(reader)
}

const LIMIT: usize = 1 << 16;

fn fed_all(pieces: &[&str]) -> Result<StreamReader> {
    let reader = fed(pieces, LIMIT)?;
    reader.feed_eof();
    Ok(reader)
}

/// A line without its end.
fn stripped(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

async fn read_gives_at_most_what_was_asked_for() -> Result<()> {
    let mut reader = fed_all(&["abc", "def"])?;
    say!(reader.read(0).await, reader.read(2).await, reader.read(100).await);
    say!(reader.read(2).await, reader.at_eof());
    Ok(())
}

async fn read_waits_for_the_first_bytes_only() -> Result<()> {
    let mut reader = fed(&[], LIMIT)?;
    let feeder = reader.feeder();
    let task = create_task(async move {
        say!("got", reader.read(100).await);
        say!("got", reader.read(100).await, reader.at_eof());
    });
    ticks(1).await;
    feeder.feed_data(b"abc")?;
    ticks(2).await;
    say!(task.done());
    feeder.feed_eof();
    task.await
}

async fn reading_to_the_end_takes_all() -> Result<()> {
    let mut reader = fed(&["abc"], 2)?;
    let feeder = reader.feeder();
    let task = create_task(async move {
        say!(reader.read_to_end().await, reader.at_eof());
        say!(reader.read_to_end().await, "and nothing more");
    });
    ticks(1).await;
    feeder.feed_data(b"def")?;
    feeder.feed_eof();
    task.await
}

async fn readexactly_takes_all_or_fails_with_a_part() -> Result<()> {
    let mut reader = fed_all(&["abcdef", "gh"])?;
    say!(reader.readexactly(3).await, reader.readexactly(0).await, reader.readexactly(3).await);
    say!(reader.readexactly(5).await);
    say!(reader.readexactly(5).await, reader.at_eof());
    Ok(())
}

async fn readline_gives_lines_and_the_rest() -> Result<()> {
    let mut reader = fed_all(&["one\ntwo", "\n\nrest"])?;
    for _ in 0..5 {
        let line = reader.readline().await?;
        say!(line.len(), stripped(&line), line.ends_with(b"\n"));
    }
    Ok(())
}

async fn a_line_over_the_limit_is_an_error_and_gone() -> Result<()> {
    let mut reader = fed(&["a long line\nshort\n"], 6)?;
    say!(reader.readline().await);
    say!(reader.read(100).await.as_deref().map(stripped));
    let mut reader = fed(&["without an end"], 6)?;
    say!(reader.readline().await);
    reader.feed_data(b"ok\n")?;
    reader.feed_eof();
    say!(reader.read(100).await.as_deref().map(stripped));
    Ok(())
}

async fn readuntil_ends_with_the_separator() -> Result<()> {
    let mut reader = fed_all(&["abc--def-", "-", "rest"])?;
    say!(reader.readuntil("--").await, reader.readuntil("--").await);
    say!(reader.readuntil("--").await, reader.at_eof());
    Ok(())
}

async fn readuntil_takes_the_separator_that_ends_first() -> Result<()> {
    let mut reader = fed_all(&["one;two,three;,four"])?;
    for _ in 0..4 {
        say!(reader.readuntil((b",", b";", b";,")).await);
    }
    say!(reader.readuntil((b",", b";")).await);
    Ok(())
}

async fn readuntil_over_the_limit_leaves_the_bytes() -> Result<()> {
    let mut reader = fed(&["0123456789;"], 5)?;
    say!(reader.readuntil(";").await);
    say!(reader.readexactly(11).await);
    reader.feed_data(b"0123456789")?;
    say!(reader.readuntil(";;").await);
    say!(reader.readexactly(10).await);
    Ok(())
}

async fn a_separator_of_nothing_is_an_error() -> Result<()> {
    let mut reader = fed(&["abc"], LIMIT)?;
    say!(reader.readuntil("").await);
    say!(StreamReader::with_limit(0).map(drop));
    Ok(())
}

async fn an_error_comes_before_what_is_there() -> Result<()> {
    let mut reader = fed(&["abc\n"], LIMIT)?;
    reader.set_exception(Boom("broken"));
    say!(reader.exception(), reader.read(1).await, reader.readline().await);
    say!(reader.readexactly(1).await, reader.readuntil("c").await);
    Ok(())
}

async fn an_error_wakes_who_reads() -> Result<()> {
    let mut reader = fed(&[], LIMIT)?;
    let feeder = reader.feeder();
    let task = create_task(async move { reader.readline().await });
    ticks(1).await;
    feeder.set_exception(Boom("broken"));
    say!(task.await);
    Ok(())
}

async fn a_cancelled_readline_loses_nothing() -> Result<()> {
    let mut reader = fed(&["half a "], LIMIT)?;
    let feeder = reader.feeder();
    let task = create_task(async move {
        let cancelled = asyncio::catch_cancelled(reader.readline()).await.expect_err("it is cancelled before");
        say!(cancelled);
        let line = reader.readline().await?;
        say!(stripped(&line), line.len());
        Ok::<_, Error>(())
    });
    ticks(1).await;
    task.cancel_with("why");
    feeder.feed_data(b"line\n")?;
    task.await
}

async fn lines_come_one_after_the_other() -> Result<()> {
    let mut reader = fed_all(&["one\ntwo\nthree"])?;
    while let Some(line) = reader.next().await {
        say!(stripped(&line?));
    }
    say!("end", reader.at_eof());
    Ok(())
}
