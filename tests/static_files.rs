//! The example `static_files`, file by file: what it reads out of requests, and whole connections with clients that know
//! nothing of this crate.

#[path = "../examples/static_files/date.rs"]
mod date;
#[path = "../examples/static_files/folder.rs"]
mod folder;
#[path = "../examples/static_files/kinds.rs"]
mod kinds;
#[path = "../examples/static_files/range.rs"]
mod range;
#[path = "../examples/static_files/request.rs"]
mod request;
#[path = "../examples/static_files/response.rs"]
mod response;
#[path = "../examples/static_files/session.rs"]
mod session;

#[path = "static_files/connections.rs"]
mod connections;
#[path = "static_files/folders.rs"]
mod folders;
#[path = "static_files/reading.rs"]
mod reading;
#[path = "static_files/site.rs"]
mod site;
