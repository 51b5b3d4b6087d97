//! How arguments and results become a [`Parcel`], and come out of it.
//!
//! Everything goes through serde and postcard into one piece, but a `Vec<u8>` that is an argument of its own: it is a
//! piece of the parcel as it is. serde knows it as a list of numbers, one call for each byte.

use std::any::Any;
use std::vec;

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::exceptions::{Error, Result};
use crate::executor::Parcel;

/// What can go to another process and come back: it owns what it consists of, and serde knows how to write and read it.
///
/// Nobody implements it: it comes with serde's `Serialize` and `Deserialize`.
#[diagnostic::on_unimplemented(
    message = "a value of type `{Self}` cannot go to another process: write `#[derive(serde::Serialize, serde::Deserialize)]` on the type",
    label = "cannot be turned into bytes and back"
)]
pub trait Travels: Serialize + DeserializeOwned + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Send + 'static> Travels for T {}

/// Fills a parcel.
#[derive(Debug, Default)]
pub struct Packer(Parcel);

impl Packer {
    pub(super) fn push<T: Serialize + 'static>(&mut self, mut value: T) -> Result<()> {
        if let Some(bytes) = (&mut value as &mut dyn Any).downcast_mut::<Vec<u8>>() {
            self.0.blobs.push(std::mem::take(bytes));
            return Ok(());
        }
        postcard::serialize_with_flavor(&value, Appending(&mut self.0.head)).map_err(|error| {
            let name = std::any::type_name::<T>();
            Error::value_error(format!("a value of type {name} cannot be turned into bytes: {error}"))
        })
    }

    pub(super) fn finish(self) -> Parcel {
        self.0
    }
}

/// Where postcard writes.
struct Appending<'a>(&'a mut Vec<u8>);

impl Flavor for Appending<'_> {
    type Output = ();

    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(data);
        Ok(())
    }

    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.0.push(data);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Takes out of a parcel what was put in, in the same order.
#[derive(Debug)]
pub struct Unpacker {
    head: Vec<u8>,
    at: usize,
    blobs: vec::IntoIter<Vec<u8>>,
}

impl Unpacker {
    pub(super) fn new(parcel: Parcel) -> Self {
        Self { head: parcel.head, at: 0, blobs: parcel.blobs.into_iter() }
    }

    pub(super) fn take<T: DeserializeOwned + 'static>(&mut self) -> Result<T> {
        let mut value: Option<T> = None;
        if let Some(bytes) = (&mut value as &mut dyn Any).downcast_mut::<Option<Vec<u8>>>() {
            *bytes = self.blobs.next();
            return value.ok_or_else(|| unreadable::<T>("there is none left"));
        }
        let bytes = &self.head[self.at..];
        let (value, rest) = postcard::take_from_bytes(bytes).map_err(|error| unreadable::<T>(&error.to_string()))?;
        self.at = self.head.len() - rest.len();
        Ok(value)
    }
}

fn unreadable<T>(why: &str) -> Error {
    let name = std::any::type_name::<T>();
    Error::value_error(format!(
        "a value of type {name} cannot be read from the bytes that came: {why}; its Deserialize must read what its \
         Serialize writes, in a format that is not self-describing"
    ))
}
