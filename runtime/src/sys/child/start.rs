//! Starting a child on Unix: by `posix_spawn` where the options allow, which does not copy the page tables of a large
//! parent; else by `fork`.

use std::io;
use std::os::unix::process::CommandExt;

use super::Order;
#[cfg(target_os = "linux")]
use super::spawn;

/// Starts it; its number.
pub(super) fn start(mut order: Order) -> io::Result<libc::pid_t> {
    #[cfg(target_os = "linux")]
    if let Some(pid) = spawn::start(&order)? {
        return Ok(pid);
    }
    let mut command = order.command();
    if let Some(name) = &order.name {
        command.arg0(name);
    }
    if let Some(group) = order.group {
        command.process_group(group);
    }
    order.preparation.apply(&mut command);
    let child = command.spawn()?;
    Ok(libc::pid_t::try_from(child.id()).expect("the system's own number"))
}
