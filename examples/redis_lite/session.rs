//! One connection: bytes in, requests done in their order, replies out in one write.
//!
//! What a connection keeps is bounded: an incomplete request by the parser's limits, replies by not reading and not
//! answering while the client does not take what it asked for.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use asyncio::{EventLoop, Transport};

use super::commands::Database;
use super::hub::{Hub, Id};
use super::reply::Replies;
use super::resp::{Parser, Request};
use super::words::{Fault, Words};

/// Replies are written when they come to this, even if there are more requests.
const FLUSH: usize = 64 * 1024;

/// The most channels that one connection listens to.
const MAX_SUBSCRIPTIONS: usize = 1024;

/// The longest name of a command.
const MAX_COMMAND: usize = 16;

/// What all connections share.
#[derive(Debug)]
pub struct Shared {
    database: Database,
    hub: Hub,
    next_id: Cell<Id>,
}

impl Shared {
    pub fn new(event_loop: EventLoop) -> Rc<Self> {
        Rc::new(Self { database: Database::new(event_loop), hub: Hub::default(), next_id: Cell::new(0) })
    }
}

/// The protocol of one connection.
#[derive(Debug)]
pub struct Session {
    parser: Parser,
    client: Client,
}

/// What requests work on; apart from the parser, whose buffer they borrow.
#[derive(Debug)]
struct Client {
    shared: Rc<Shared>,
    id: Id,
    replies: Replies,
    subscriptions: HashSet<Vec<u8>>,
    /// Nothing is read any more: the connection closes when the replies are out.
    ended: bool,
}

impl Session {
    pub fn new(shared: &Rc<Shared>) -> Self {
        let id = shared.next_id.get();
        shared.next_id.set(id + 1);
        let client = Client {
            shared: shared.clone(),
            id,
            replies: Replies::default(),
            subscriptions: HashSet::new(),
            ended: false,
        };
        Self { parser: Parser::default(), client }
    }

    /// Answers what is complete, as long as the client takes the answers.
    fn serve(&mut self, transport: &Transport) {
        while !self.client.ended {
            match self.parser.next_request() {
                Ok(Some(request)) => self.client.answer(request, transport),
                Ok(None) => break,
                Err(malformed) => {
                    self.client.replies.error(&format!("ERR Protocol error: {malformed}"));
                    self.client.ended = true;
                }
            }
            if self.client.replies.len() >= FLUSH && !self.client.flush(transport) {
                // The rest of the requests waits for resume_writing.
                break;
            }
        }
        self.client.flush(transport);
        self.parser.compact();
        if self.client.ended {
            transport.close();
        }
    }
}

#[asyncio::protocol]
impl Session {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        self.parser.push(data);
        self.serve(transport);
    }

    fn pause_writing(&mut self, transport: &Transport) {
        transport.pause_reading();
    }

    fn resume_writing(&mut self, transport: &Transport) {
        // In this order: serving may pause it again.
        transport.resume_reading();
        self.serve(transport);
    }

    fn connection_lost(&mut self) {
        for channel in self.client.subscriptions.drain() {
            self.client.shared.hub.unsubscribe(&channel, self.client.id);
        }
    }
}

impl Client {
    /// Writes the replies. False: the client does not keep up, and pause_writing comes next.
    fn flush(&mut self, transport: &Transport) -> bool {
        if self.replies.len() > 0 {
            transport.write(self.replies.as_bytes());
            self.replies.clear();
        }
        let (_, high) = transport.get_write_buffer_limits();
        transport.get_write_buffer_size() <= high
    }

    fn answer(&mut self, mut request: Request<'_>, transport: &Transport) {
        let name = request.next().unwrap_or_default();
        let mut command = [0; MAX_COMMAND];
        let refused = match lower_case(name, &mut command) {
            Some(command) => self.execute(Words::new(command, request), transport),
            None => Err(Fault::UnknownCommand(name[..name.len().min(64)].escape_ascii().to_string())),
        };
        if let Err(fault) = refused {
            self.replies.error(&fault.to_string());
        }
    }

    fn execute(&mut self, mut words: Words<'_>, transport: &Transport) -> Result<(), Fault> {
        match words.command {
            "ping" => {
                let word = words.optional();
                words.end()?;
                self.pong(word);
            }
            "quit" => {
                self.replies.simple("OK");
                self.ended = true;
            }
            "subscribe" => {
                for channel in words.at_least_one()? {
                    if self.subscriptions.len() >= MAX_SUBSCRIPTIONS {
                        return Err(Fault::TooManyChannels);
                    }
                    self.subscriptions.insert(channel.to_vec());
                    self.shared.hub.subscribe(channel, self.id, transport);
                    self.subscribed("subscribe", Some(channel));
                }
            }
            "unsubscribe" => self.unsubscribe(words),
            name if !self.subscriptions.is_empty() => return Err(Fault::Subscribed(name.to_owned())),
            "publish" => {
                let (channel, message) = (words.word()?, words.word()?);
                words.end()?;
                let count = self.shared.hub.publish(channel, message);
                self.replies.integer(count as i64);
            }
            _ => return self.shared.database.execute(words, &mut self.replies),
        }
        Ok(())
    }

    fn pong(&mut self, word: Option<&[u8]>) {
        match word {
            // A subscriber tells replies from messages by their form.
            _ if !self.subscriptions.is_empty() => {
                self.replies.array(2);
                self.replies.bulk(b"pong");
                self.replies.bulk(word.unwrap_or_default());
            }
            Some(word) => self.replies.bulk(word),
            None => self.replies.simple("PONG"),
        }
    }

    /// From the channels that are named, or from all.
    fn unsubscribe(&mut self, mut words: Words<'_>) {
        let mut channels: Vec<Vec<u8>> = std::iter::from_fn(|| words.optional()).map(<[u8]>::to_vec).collect();
        if channels.is_empty() {
            channels = self.subscriptions.iter().cloned().collect();
        }
        if channels.is_empty() {
            self.subscribed("unsubscribe", None);
        }
        for channel in channels {
            self.subscriptions.remove(&channel);
            self.shared.hub.unsubscribe(&channel, self.id);
            self.subscribed("unsubscribe", Some(&channel));
        }
    }

    fn subscribed(&mut self, what: &str, channel: Option<&[u8]>) {
        self.replies.array(3);
        self.replies.bulk(what.as_bytes());
        match channel {
            Some(channel) => self.replies.bulk(channel),
            None => self.replies.null(),
        }
        self.replies.integer(self.subscriptions.len() as i64);
    }
}

/// A command's name in small letters; `None` if it cannot be one.
fn lower_case<'a>(name: &[u8], place: &'a mut [u8; MAX_COMMAND]) -> Option<&'a str> {
    let place = place.get_mut(..name.len())?;
    place.copy_from_slice(name);
    place.make_ascii_lowercase();
    std::str::from_utf8(place).ok()
}
