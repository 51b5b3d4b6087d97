//! Every remote function of the program, by name and signature.
//!
//! The macro leaves an [`Entry`] beside each function, and `inventory` gathers them before `main`. A worker is another
//! process: its addresses mean nothing here, and a name does.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use super::call::failure;
use crate::exceptions::{Error, Result};
use crate::executor::{FunctionId, Parcel};

/// One function.
pub struct Entry {
    name: &'static str,
    signature: u64,
    /// File and line, for messages.
    place: &'static str,
    call: fn(Parcel) -> Parcel,
}

inventory::collect!(Entry);

impl Entry {
    /// For the macro.
    pub const fn new(name: &'static str, signature: u64, place: &'static str, call: fn(Parcel) -> Parcel) -> Self {
        Self { name, signature, place, call }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).field("place", &self.place).finish_non_exhaustive()
    }
}

impl FunctionId {
    /// Calls the function in this process, and gives the answer, its failure or panic included: what the worker of an
    /// executor of one's own does with what [`RemoteJob`](crate::RemoteJob) has.
    ///
    /// The answer of a function that this program does not have, or has with another signature, is an error that says
    /// so.
    pub fn call(&self, arguments: Parcel) -> Parcel {
        match self.find() {
            Ok(entry) => (entry.call)(arguments),
            Err(error) => failure(&error),
        }
    }

    /// An error where there is no such function, or more than one.
    pub(super) fn find(&self) -> Result<&'static Entry> {
        let Some(of_that_name) = entries().get(self.name()) else {
            return Err(Error::runtime_error(format!(
                "this process has no remote function {self}: caller and worker must be the same build of the program"
            )));
        };
        let mut found = of_that_name.iter().filter(|entry| entry.signature == self.signature());
        match (found.next(), found.next()) {
            (Some(entry), None) => Ok(entry),
            (Some(one), Some(other)) => Err(Error::runtime_error(format!(
                "there are two remote functions {self} of one signature, at {} and {}: rename one of them",
                one.place, other.place
            ))),
            (None, _) => Err(Error::runtime_error(format!(
                "the remote function {self} has another signature in this process than where it was called: caller and \
                 worker must be the same build of the program"
            ))),
        }
    }
}

fn entries() -> &'static HashMap<&'static str, Vec<&'static Entry>> {
    static ENTRIES: OnceLock<HashMap<&'static str, Vec<&'static Entry>>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let mut entries: HashMap<_, Vec<_>> = HashMap::new();
        for entry in inventory::iter::<Entry> {
            entries.entry(entry.name).or_default().push(entry);
        }
        entries
    })
}
