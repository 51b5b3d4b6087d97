//! The commands on keys: from the words of a request to what they do and the reply.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::EventLoop;

use super::keys::{self, Keys, Value};
use super::reply::Replies;
use super::resp;
use super::words::{Fault, Words};

/// What commands work on.
#[derive(Debug)]
pub struct Database {
    event_loop: EventLoop,
    keys: Rc<RefCell<Keys>>,
}

impl Database {
    pub fn new(event_loop: EventLoop) -> Self {
        Self { event_loop, keys: Rc::default() }
    }

    /// Does one command and appends its reply; nothing is appended if it is refused.
    pub fn execute(&self, mut words: Words<'_>, replies: &mut Replies) -> Result<(), Fault> {
        match words.command {
            "get" => self.get(words, replies),
            "set" => self.set(words, replies),
            "incr" => self.incr(words, replies),
            "del" => self.count(words, replies, |keys, key| keys.remove(key)),
            "exists" => self.count(words, replies, |keys, key| keys.contains(key)),
            "expire" => self.expire(words, replies),
            "ttl" => self.ttl(words, replies),
            "lpush" => self.lpush(words, replies),
            "lrange" => self.lrange(words, replies),
            "echo" => {
                let word = words.word()?;
                words.end()?;
                replies.bulk(word);
                Ok(())
            }
            // What redis-cli and redis-benchmark ask for when they begin.
            "command" => {
                replies.array(0);
                Ok(())
            }
            "config" => config(words, replies),
            name => Err(Fault::UnknownCommand(name.to_owned())),
        }
    }

    fn get(&self, mut words: Words<'_>, replies: &mut Replies) -> Result<(), Fault> {
        let key = words.word()?;
        words.end()?;
        match self.keys.borrow().text(key)? {
            Some(text) => replies.bulk(text),
            None => replies.null(),
        }
        Ok(())
    }

    fn set(&self, mut words: Words<'_>, replies: &mut Replies) -> Result<(), Fault> {
        let (key, value) = (words.word()?, words.word()?);
        let options = SetOptions::parse(&mut words)?;
        if options.exists.is_some_and(|exists| exists != self.keys.borrow().contains(key)) {
            replies.null();
            return Ok(());
        }
        self.keys.borrow_mut().set(key, Value::Text(value.to_vec()));
        if let Some(after) = options.expire {
            keys::expire(&self.keys, &self.event_loop, key, after)?;
        }
        replies.simple("OK");
        Ok(())
    }

    fn incr(&self, mut words: Words<'_>, replies: &mut Replies) -> Result<(), Fault> {
        let key = words.word()?;
        words.end()?;
        let mut keys = self.keys.borrow_mut();
        let number = match keys.text(key)? {
            Some(text) => resp::number(text).ok_or(Fault::NotAnInteger)?,
            None => 0,
        };
        let number = number.checked_add(1).ok_or(Fault::Overflow)?;
        *keys.text_mut(key)? = number.to_string().into_bytes();
        replies.integer(number);
        Ok(())
    }

    /// Replies with the number of keys for which `what` is true.
    fn count(
        &self,
        words: Words<'_>,
        replies: &mut Replies,
        what: impl Fn(&mut Keys, &[u8]) -> bool,
    ) -> Result<(), Fault> {
        let mut keys = self.keys.borrow_mut();
        let count = words.at_least_one()?.filter(|key| what(&mut keys, key)).count();
        replies.integer(count as i64);
        Ok(())
    }

    fn expire(&self, mut words: Words<'_>, replies: &mut Replies) -> Result<(), Fault> {
        let (key, seconds) = (words.word()?, words.number()?);
        words.end()?;
        let found = if seconds <= 0 {
            self.keys.borrow_mut().remove(key)
        } else {
            keys::expire(&self.keys, &self.event_loop, key, duration(seconds, 1000)?)?
        };
        replies.integer(found.into());
        Ok(())
    }

    fn ttl(&self, mut words: Words<'_>, replies: &mut Replies) -> Result<(), Fault> {
        let key = words.word()?;
        words.end()?;
        replies.integer(match self.keys.borrow().end(key) {
            None => -2,
            Some(None) => -1,
            Some(Some(end)) => {
                let left = end.saturating_sub(self.event_loop.time()) + Duration::from_millis(500);
                left.as_secs().try_into().unwrap_or(i64::MAX)
            }
        });
        Ok(())
    }

    fn lpush(&self, mut words: Words<'_>, replies: &mut Replies) -> Result<(), Fault> {
        let key = words.word()?;
        let items = words.at_least_one()?;
        let mut keys = self.keys.borrow_mut();
        let list = keys.list_mut(key)?;
        for item in items {
            list.push_front(item.to_vec());
        }
        replies.integer(list.len() as i64);
        Ok(())
    }

    fn lrange(&self, mut words: Words<'_>, replies: &mut Replies) -> Result<(), Fault> {
        let (key, first, last) = (words.word()?, words.number()?, words.number()?);
        words.end()?;
        let keys = self.keys.borrow();
        let Some(list) = keys.list(key)? else {
            replies.array(0);
            return Ok(());
        };
        // Below zero counts from the end; what lies outside is cut off.
        let length = list.len() as i64;
        let place = |index: i64| if index < 0 { index.saturating_add(length) } else { index };
        let first = place(first).clamp(0, length);
        let end = place(last).saturating_add(1).clamp(first, length);
        replies.array((end - first) as usize);
        for item in list.range(first as usize..end as usize) {
            replies.bulk(item);
        }
        Ok(())
    }
}

/// What may stand behind the value of SET.
#[derive(Debug, Default)]
struct SetOptions {
    expire: Option<Duration>,
    /// Only if the key exists (true) or does not (false).
    exists: Option<bool>,
}

impl SetOptions {
    fn parse(words: &mut Words<'_>) -> Result<Self, Fault> {
        let mut options = Self::default();
        while let Some(word) = words.optional() {
            match word.to_ascii_lowercase().as_slice() {
                b"ex" if options.expire.is_none() => options.expire = Some(duration(words.number()?, 1000)?),
                b"px" if options.expire.is_none() => options.expire = Some(duration(words.number()?, 1)?),
                b"nx" if options.exists.is_none() => options.exists = Some(false),
                b"xx" if options.exists.is_none() => options.exists = Some(true),
                _ => return Err(Fault::Syntax),
            }
        }
        Ok(options)
    }
}

/// A number of seconds or milliseconds as a time to live.
fn duration(number: i64, milliseconds: i64) -> Result<Duration, Fault> {
    let number = number.checked_mul(milliseconds).and_then(|number| u64::try_from(number).ok());
    number.filter(|&number| number > 0).map(Duration::from_millis).ok_or(Fault::ExpireTime)
}

/// There is nothing to configure: only what redis-benchmark asks for has an answer.
fn config(mut words: Words<'_>, replies: &mut Replies) -> Result<(), Fault> {
    if !words.word()?.eq_ignore_ascii_case(b"get") {
        return Err(Fault::Syntax);
    }
    let name = words.word()?;
    words.end()?;
    let value: &[u8] = match name {
        b"save" => b"",
        b"appendonly" => b"no",
        _ => {
            replies.array(0);
            return Ok(());
        }
    };
    replies.array(2);
    replies.bulk(name);
    replies.bulk(value);
    Ok(())
}
