//! The keys and their values, and the timers that end them.
//!
//! A key that expires has one timer of the event loop. Setting the key anew drops the old entry, and its timer with it;
//! cancelling one costs next to nothing, so nobody has to look for expired keys.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use asyncio::{EventLoop, TimerHandle};

/// What a key stands for.
#[derive(Debug)]
pub enum Value {
    Text(Vec<u8>),
    List(VecDeque<Vec<u8>>),
}

/// A command for one kind of value met the other.
#[derive(Debug)]
pub struct WrongType;

/// All keys.
#[derive(Debug, Default)]
pub struct Keys {
    entries: HashMap<Vec<u8>, Entry>,
}

#[derive(Debug)]
struct Entry {
    value: Value,
    expiry: Option<Expiry>,
}

/// The end of an entry; dropped with it.
#[derive(Debug)]
struct Expiry(TimerHandle);

impl Drop for Expiry {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Keys {
    /// Sets a key, whatever it was, without an end.
    pub fn set(&mut self, key: &[u8], value: Value) {
        self.entries.insert(key.to_vec(), Entry { value, expiry: None });
    }

    pub fn remove(&mut self, key: &[u8]) -> bool {
        self.entries.remove(key).is_some()
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        self.entries.contains_key(key)
    }

    pub fn text(&self, key: &[u8]) -> Result<Option<&[u8]>, WrongType> {
        match self.entries.get(key).map(|entry| &entry.value) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::List(_)) => Err(WrongType),
        }
    }

    /// The text of a key, which becomes an empty one if there is none; its end stays.
    pub fn text_mut(&mut self, key: &[u8]) -> Result<&mut Vec<u8>, WrongType> {
        match self.value_mut(key, || Value::Text(Vec::new())) {
            Value::Text(text) => Ok(text),
            Value::List(_) => Err(WrongType),
        }
    }

    pub fn list(&self, key: &[u8]) -> Result<Option<&VecDeque<Vec<u8>>>, WrongType> {
        match self.entries.get(key).map(|entry| &entry.value) {
            None => Ok(None),
            Some(Value::List(list)) => Ok(Some(list)),
            Some(Value::Text(_)) => Err(WrongType),
        }
    }

    /// The list of a key, which becomes an empty one if there is none; its end stays.
    pub fn list_mut(&mut self, key: &[u8]) -> Result<&mut VecDeque<Vec<u8>>, WrongType> {
        match self.value_mut(key, || Value::List(VecDeque::new())) {
            Value::List(list) => Ok(list),
            Value::Text(_) => Err(WrongType),
        }
    }

    /// When a key ends, in the loop's time: `Some(None)` is never, `None` that there is no such key.
    pub fn end(&self, key: &[u8]) -> Option<Option<Duration>> {
        self.entries.get(key).map(|entry| entry.expiry.as_ref().map(|expiry| expiry.0.when()))
    }

    fn value_mut(&mut self, key: &[u8], new: impl FnOnce() -> Value) -> &mut Value {
        // Two look-ups where the entry is missing, instead of a copy of the key where it is not.
        if !self.entries.contains_key(key) {
            self.entries.insert(key.to_vec(), Entry { value: new(), expiry: None });
        }
        &mut self.entries.get_mut(key).expect("it was just put there").value
    }
}

/// Ends a key after some time. False: there is no such key.
pub fn expire(keys: &Rc<RefCell<Keys>>, event_loop: &EventLoop, key: &[u8], after: Duration) -> asyncio::Result<bool> {
    let (weak, name) = (Rc::downgrade(keys), key.to_vec());
    if !keys.borrow().contains(key) {
        return Ok(false);
    }
    let timer = event_loop.call_later(after, move || {
        if let Some(keys) = weak.upgrade() {
            keys.borrow_mut().remove(&name);
        }
    })?;
    if let Some(entry) = keys.borrow_mut().entries.get_mut(key) {
        entry.expiry = Some(Expiry(timer));
    }
    Ok(true)
}
