//! What of a context goes along to another process: the variables that were made for that, as bytes by their names.
//!
//! Nothing there knows which variables the program has, and no address means anything. So a value stays bytes until
//! the variable of its name is asked for it.

use std::any::{Any, type_name};
use std::cell::RefCell;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Context, peek};

/// How a value becomes bytes under a name.
#[derive(Clone, Copy)]
pub(super) struct Ship {
    name: &'static str,
    encode: fn(&dyn Any) -> Option<Parcel>,
}

/// The name of a value's type, and the value.
type Parcel = (&'static str, Vec<u8>);

impl Ship {
    pub(super) const fn new<T: Serialize + 'static>(name: &'static str) -> Self {
        Self { name, encode: encode::<T> }
    }
}

fn encode<T: Serialize + 'static>(value: &dyn Any) -> Option<Parcel> {
    Some((type_name::<T>(), postcard::to_stdvec(value.downcast_ref::<T>()?).ok()?))
}

/// The values of a context, on their way to another process.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Shipment(Vec<Item>);

#[derive(Clone, Serialize, Deserialize)]
struct Item {
    name: String,
    type_name: String,
    value: Vec<u8>,
}

thread_local! {
    static ARRIVED: RefCell<Shipment> = const { RefCell::new(Shipment(Vec::new())) };
}

impl Shipment {
    /// What the current context has, and what has come from another process before. No allocation where nothing was set.
    pub(crate) fn pack() -> Self {
        let mut items = peek(|current| current.map_or_else(Vec::new, bound));
        ARRIVED.with_borrow(|arrived| {
            for item in &arrived.0 {
                if !items.iter().any(|newer| newer.name == item.name && newer.type_name == item.type_name) {
                    items.push(item.clone());
                }
            }
        });
        Self(items)
    }

    /// Calls `f` on a thread where these values have arrived.
    pub(crate) fn unpack<R>(self, f: impl FnOnce() -> R) -> R {
        let _put_back = PutBack(ARRIVED.replace(self));
        f()
    }
}

struct PutBack(Shipment);

impl Drop for PutBack {
    fn drop(&mut self) {
        ARRIVED.set(std::mem::take(&mut self.0));
    }
}

fn bound(context: &Context) -> Vec<Item> {
    // Encoding a value runs code of the user's: nothing is borrowed then.
    let bindings = context.0.borrow().clone();
    let mut items = Vec::new();
    let mut binding = bindings.as_ref();
    while let Some(bound) = binding {
        if let (Some(value), Some(ship)) = (&bound.value, bound.travel.ship) {
            items.extend((ship.encode)(&**value).map(|(type_name, value)| Item {
                name: ship.name.to_owned(),
                type_name: type_name.to_owned(),
                value,
            }));
        }
        binding = bound.older.as_ref();
    }
    items
}

/// The value that came for the variable of this name and type.
pub(super) fn arrived<T: DeserializeOwned + 'static>(name: &str) -> Option<T> {
    ARRIVED.with_borrow(|arrived| {
        let item = arrived.0.iter().find(|item| item.name == name && item.type_name == type_name::<T>())?;
        postcard::from_bytes(&item.value).ok()
    })
}
