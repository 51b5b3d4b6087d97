//! What all chapters share; no program stands in here.

pub(crate) mod comparison;
pub(crate) mod connections;
pub(crate) mod program;
pub(crate) mod python;
pub(crate) mod trace;
pub(crate) mod trials;
