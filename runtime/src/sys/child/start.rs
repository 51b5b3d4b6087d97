//! Starting a child on Unix: by `posix_spawn` or the like of it where the options allow, which does not copy the page
//! tables of a large parent; else by `fork`.

use std::io;
use std::os::unix::process::CommandExt;

use super::{Order, backend};
#[cfg(target_os = "linux")]
use super::{spawn, vfork};

/// Starts it; its number, and what watches it if that is there already.
pub(super) fn start(order: &mut Order) -> io::Result<(libc::pid_t, Option<backend::Watch>)> {
    #[cfg(target_os = "linux")]
    if let Some((pid, descriptor)) = vfork::start(order)? {
        return Ok((pid, descriptor.map(backend::Watch::Descriptor)));
    }
    #[cfg(target_os = "linux")]
    if let Some(pid) = spawn::start(order)? {
        return Ok((pid, None));
    }
    let mut command = order.command();
    if let Some(name) = &order.name {
        command.arg0(name);
    }
    if let Some(group) = order.group {
        command.process_group(group);
    }
    std::mem::take(&mut order.preparation).apply(&mut command);
    let child = command.spawn()?;
    Ok((libc::pid_t::try_from(child.id()).expect("the system's own number"), None))
}
