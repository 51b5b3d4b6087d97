//! Who listens to which channel, and how a message reaches them.

use std::cell::RefCell;
use std::collections::HashMap;

use asyncio::Transport;

use super::reply::Replies;

/// What may wait for a subscriber that does not read. One who lags further behind is cut off: a message cannot be
/// held back from the others, nor kept for him without end.
const MAX_BACKLOG: usize = 1024 * 1024;

/// A connection, as the hub tells it from others.
pub type Id = u64;

/// All channels that somebody listens to.
#[derive(Debug, Default)]
pub struct Hub {
    channels: RefCell<HashMap<Vec<u8>, HashMap<Id, Transport>>>,
}

impl Hub {
    pub fn subscribe(&self, channel: &[u8], id: Id, transport: &Transport) {
        self.channels.borrow_mut().entry(channel.to_vec()).or_default().insert(id, transport.clone());
    }

    pub fn unsubscribe(&self, channel: &[u8], id: Id) {
        let mut channels = self.channels.borrow_mut();
        if let Some(subscribers) = channels.get_mut(channel) {
            subscribers.remove(&id);
            if subscribers.is_empty() {
                channels.remove(channel);
            }
        }
    }

    /// Sends a message to all who listen; how many they are.
    pub fn publish(&self, channel: &[u8], message: &[u8]) -> usize {
        // A write may call pause_writing of that connection at once: nothing is borrowed then.
        let subscribers: Vec<_> = match self.channels.borrow().get(channel) {
            Some(subscribers) => subscribers.values().cloned().collect(),
            None => return 0,
        };
        let mut push = Replies::default();
        push.array(3);
        push.bulk(b"message");
        push.bulk(channel);
        push.bulk(message);
        for transport in &subscribers {
            transport.write(push.as_bytes());
            if transport.get_write_buffer_size() > MAX_BACKLOG {
                transport.abort();
            }
        }
        subscribers.len()
    }
}
