//! The room, and the protocol of those who are in it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use asyncio::{Error, Transport};

/// Who does not read so much is sent away.
const PATIENCE: usize = 1 << 20;

/// Who is there, by name.
#[derive(Default)]
pub(crate) struct Room {
    members: RefCell<BTreeMap<String, Transport>>,
}

impl Room {
    /// Tells everybody. What a member is told may be the end of its connection, but that is told to it later.
    fn tell(&self, text: &str) {
        for member in self.members.borrow().values() {
            // Names and lines came out of lines, so they go into one.
            let _ = member.write_line(text);
        }
    }
}

/// One connection.
pub(crate) struct Member {
    room: Rc<Room>,
    name: Option<String>,
}

impl Member {
    pub(crate) fn new(room: &Rc<Room>) -> Self {
        Self { room: room.clone(), name: None }
    }

    /// The first line is the name.
    fn enter(&mut self, transport: &Transport, name: &str) -> asyncio::Result<()> {
        if name.is_empty() || self.room.members.borrow().contains_key(name) {
            return transport.write_line("this name is taken, what is yours?");
        }
        self.room.members.borrow_mut().insert(name.to_owned(), transport.clone());
        self.name = Some(name.to_owned());
        self.room.tell(&format!("* {name} is here"));
        Ok(())
    }
}

#[asyncio::protocol(lines, max = 1000)]
impl Member {
    fn connection_made(&mut self, transport: &Transport) -> asyncio::Result<()> {
        transport.set_write_hard_limit(PATIENCE);
        transport.write_line("what is your name?")
    }

    fn line_received(&mut self, transport: &Transport, line: &[u8]) -> asyncio::Result<()> {
        let text = String::from_utf8_lossy(line);
        match (&self.name, text.trim()) {
            (_, "/quit") => transport.close(),
            (_, "/who") => {
                let names: Vec<String> = self.room.members.borrow().keys().cloned().collect();
                transport.write_line(names.join(" "))?;
            }
            (None, name) => self.enter(transport, name)?,
            (Some(name), text) => self.room.tell(&format!("{name}: {text}")),
        }
        Ok(())
    }

    fn frame_too_long(&mut self, transport: &Transport, exc: &Error) -> asyncio::Result<bool> {
        transport.write_line(format!("! {exc}"))?;
        Ok(true)
    }

    fn connection_lost(&mut self) {
        if let Some(name) = self.name.take() {
            self.room.members.borrow_mut().remove(&name);
            self.room.tell(&format!("* {name} is gone"));
        }
    }
}
