//! The words of a request, taken one by one, and what can be wrong with them.

use std::fmt;

use super::keys::WrongType;
use super::resp::{self, Request};

/// A command, and the words after it that were not taken yet.
#[derive(Debug)]
pub struct Words<'a> {
    /// In small letters.
    pub command: &'a str,
    rest: Request<'a>,
}

impl<'a> Words<'a> {
    pub fn new(command: &'a str, rest: Request<'a>) -> Self {
        Self { command, rest }
    }

    /// A word that must be there.
    pub fn word(&mut self) -> Result<&'a [u8], Fault> {
        self.rest.next().ok_or_else(|| self.wrong_number())
    }

    pub fn optional(&mut self) -> Option<&'a [u8]> {
        self.rest.next()
    }

    /// A whole number that must be there.
    pub fn number(&mut self) -> Result<i64, Fault> {
        resp::number(self.word()?).ok_or(Fault::NotAnInteger)
    }

    /// All words that are left, of which there must be one.
    pub fn at_least_one(self) -> Result<Request<'a>, Fault> {
        if self.rest.len() == 0 { Err(self.wrong_number()) } else { Ok(self.rest) }
    }

    /// There must be no more.
    pub fn end(&self) -> Result<(), Fault> {
        if self.rest.len() == 0 { Ok(()) } else { Err(self.wrong_number()) }
    }

    fn wrong_number(&self) -> Fault {
        Fault::Arguments(self.command.to_owned())
    }
}

/// Why a command was refused; as text it is the error that the client gets.
#[derive(Debug)]
pub enum Fault {
    UnknownCommand(String),
    Arguments(String),
    Syntax,
    NotAnInteger,
    Overflow,
    ExpireTime,
    WrongType,
    Subscribed(String),
    TooManyChannels,
    Loop(asyncio::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCommand(name) => write!(f, "ERR unknown command '{name}'"),
            Self::Arguments(name) => write!(f, "ERR wrong number of arguments for '{name}' command"),
            Self::Syntax => f.write_str("ERR syntax error"),
            Self::NotAnInteger => f.write_str("ERR value is not an integer or out of range"),
            Self::Overflow => f.write_str("ERR increment or decrement would overflow"),
            Self::ExpireTime => f.write_str("ERR invalid expire time"),
            Self::WrongType => f.write_str("WRONGTYPE Operation against a key holding the wrong kind of value"),
            Self::Subscribed(name) => {
                write!(f, "ERR '{name}' is not allowed while subscribed; SUBSCRIBE, UNSUBSCRIBE, PING and QUIT are")
            }
            Self::TooManyChannels => f.write_str("ERR too many channels on one connection"),
            Self::Loop(error) => write!(f, "ERR {error}"),
        }
    }
}

impl From<WrongType> for Fault {
    fn from(_: WrongType) -> Self {
        Self::WrongType
    }
}

impl From<asyncio::Error> for Fault {
    fn from(error: asyncio::Error) -> Self {
        Self::Loop(error)
    }
}
