#![deny(warnings)]

use std::fmt::Display;
use std::rc::Rc;

#[derive(Default)]
struct Log {
    lines: Vec<u8>,
}

impl Log {
    #[asyncio::coroutine]
    async fn with(line: u8) -> Self {
        Self { lines: vec![line] }
    }

    #[asyncio::coroutine]
    async fn len(&self) -> usize {
        self.lines.len()
    }

    #[asyncio::coroutine]
    async fn lines(&self, _unused: &str) -> &[u8] {
        &self.lines
    }

    #[asyncio::coroutine]
    async fn push(&mut self, line: u8) {
        self.lines.push(line);
    }

    #[asyncio::coroutine]
    async fn end(self) -> Vec<u8> {
        self.lines
    }

    #[asyncio::coroutine]
    async fn pushed(mut self, line: u8) -> Self {
        self.push(line).await;
        self
    }

    #[asyncio::coroutine]
    async fn shared(self: Rc<Self>) -> usize {
        self.lines.len()
    }

    #[asyncio::coroutine]
    async fn in_shared(self: &Rc<Self>, _unused: &str) -> usize {
        self.lines.len()
    }
}

struct Shown<'a, T>(&'a T);

impl<'a, T: Display> Shown<'a, T> {
    #[asyncio::coroutine]
    async fn beside<U: Display>(&self, other: &U) -> (String, &'a T) {
        (format!("{}{other}", self.0), self.0)
    }
}

#[asyncio::main]
async fn main() {
    let mut log = Log::with(1).await;
    log.push(2).await;
    assert_eq!(log.len().await, 2);
    assert_eq!(log.lines("").await, [1, 2]);
    let log = Rc::new(log.pushed(3).await);
    assert_eq!(log.in_shared("").await, 3);
    assert_eq!(log.shared().await, 3);
    assert_eq!(Log::default().end().await, []);
    assert_eq!(Shown(&1).beside(&2).await, ("12".to_owned(), &1));
}
